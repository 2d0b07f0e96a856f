from benchmarks.section_names import short


def test_names_are_short_and_say_which_section():
    assert short("starmap_mpfc_3sections:20180417_BZ5_control") == "mPFC, STARmap BZ5"
    assert short("dlpfc_151507") == "cortex (DLPFC) 151507"
    assert short("visium_human_prostate_2samples_mini:NP") == "prostate NP"
    assert short("somebody's section") == "somebody's section"
