"""Which queries are placed by which reference, and whether a warning is due."""

from dataclasses import dataclass

from benchmarks.accuracy.sections import pairs, tissue

RANDOM = "random fifth"
CONTIGUOUS = "contiguous fifth"
CLUSTER = "one kind of cells"
FEW = {"50 cells": 50, "5 cells": 5, "1 cell": 1}
PARTS = (RANDOM, CONTIGUOUS, CLUSTER, *FEW)
PAIR = "same tissue"
TECHNOLOGY = "same tissue, other technology"
FOREIGN = "foreign, shared genes"
ZEROS = "foreign, zeros"
FOREIGN_KINDS = (FOREIGN, ZEROS)
N_ZEROS = 2
FEWEST_SHARED = 5
CHOSEN_ON = (
    "dlpfc_151507",
    "dlpfc_151508",
    "merfish_mouse_motor_cortex_gaston",
    "merfish_mouse_poa_6509",
    "osmfish_ss_cortex",
    "seqfish_mouse_embryo_subset",
    "st_breast_cancer_stahl_layer1",
    "st_her2_breast_tumour_A1",
    "st_mouse_brain_hippo1",
    "st_mouse_olfactory_bulb_1",
    "starmap_mouse_visual_cortex_1020",
    "starmap_mpfc_3sections:20180417_BZ5_control",
    "visium_human_breast_cancer_aligned",
    "visium_human_prostate_2samples_mini:CP",
)
KINDS_OF_TISSUE = {
    "brain": ("dlpfc", "merfish", "osmfish", "hippo", "olfactory", "starmap", "mouse_brain"),
    "breast": ("breast",),
    "prostate": ("prostate",),
    "embryo": ("embryo",),
    "fly": ("drosophila",),
}
OTHER_PARTS_OF_THE_BRAIN = ("olfactory_bulb", "merfish_mouse_poa")
FOREIGN_PAIRS = (
    ("st_her2_breast_tumour_A1", "st_mouse_brain_hippo1"),
    ("st_her2_breast_tumour_A1", "dlpfc_151507"),
    ("dlpfc_151507", "st_her2_breast_tumour_A1"),
    ("st_mouse_olfactory_bulb_1", "st_mouse_brain_hippo1"),
    ("merfish_mouse_poa_6509", "st_mouse_brain_hippo1"),
    ("merfish_mouse_motor_cortex_gaston", "seqfish_mouse_embryo_subset"),
    ("seqfish_mouse_embryo_subset", "merfish_mouse_motor_cortex_gaston"),
    ("visium_v1_adult_mouse_brain", "st_her2_breast_tumour_G2"),
    ("visium_human_prostate_2samples_mini:CP", "visium_v1_adult_mouse_brain"),
    ("st_breast_cancer_stahl_layer1", "dlpfc_151669"),
    ("st_mouse_brain_hippo1", "st_her2_breast_tumour_B1"),
    ("visium_human_breast_cancer_aligned", "dlpfc_151508"),
    ("seqfish_mouse_embryo_subset", "st_her2_breast_tumour_H1"),
    ("xenium_human_breast_cancer_aligned", "seqfish_mouse_embryo_subset"),
    ("starmap_mouse_visual_cortex_1020", "st_breast_cancer_stahl_layer2"),
    ("starmap_mpfc_3sections:20180417_BZ5_control", "visium_human_breast_cancer_aligned"),
    ("visium_human_prostate_2samples_mini:NP", "st_her2_breast_tumour_H1"),
    ("st_mouse_brain_hippo2", "st_mouse_olfactory_bulb_2"),
    ("dlpfc_151669", "visium_human_prostate_2samples_mini:NP"),
    ("visium_v1_adult_mouse_brain", "visium_human_prostate_2samples_mini:CP"),
    ("merfish_mouse_motor_cortex_gaston", "st_breast_cancer_stahl_layer1"),
    ("st_mouse_olfactory_bulb_2", "st_breast_cancer_stahl_layer2"),
    ("visium_human_breast_cancer_aligned", "st_mouse_brain_hippo2"),
    ("xenium_human_breast_cancer_2023_squirtle", "visium_human_prostate_2samples_mini:CP"),
    ("st_breast_cancer_stahl_layer2", "st_mouse_olfactory_bulb_1"),
    ("osmfish_ss_cortex", "st_her2_breast_tumour_H1"),
    ("merfish_mouse_poa_6509", "seqfish_mouse_embryo_subset"),
    ("starmap_mouse_visual_cortex_1020", "visium_human_prostate_2samples_mini:NP"),
)


@dataclass(frozen=True)
class Case:
    """One query and one reference.

    Attributes
    ----------
    reference, query
        Names of sections.
    kind
        One of those above: what the query is to the reference.
    """

    reference: str
    query: str
    kind: str

    @property
    def partner(self):
        """The section whose genes the reference is cut to, where that needs a model of its own."""
        return self.query if self.kind in (FOREIGN, TECHNOLOGY) else ""

    @property
    def model(self):
        """Name of the model that places it."""
        return f"{self.reference}__{self.partner}".replace(":", "_")


def planned(sections):
    """All cases of a list of sections, grouped by model."""
    names = {section.name: section for section in sections}
    cases = []
    for name in names:
        cases += [Case(name, name, part) for part in PARTS]
        same = [two for one, two in pairs(sections) if one == name]
        cases += [Case(name, two, _kind_of_pair(name)) for two in same]
        strangers = [two for two in names if is_stranger(name, two)]
        shared = {two: n_shared(names[name], names[two]) for two in strangers}
        enough = [two for two in strangers if shared[two] >= FEWEST_SHARED]
        step = max(len(enough) // N_ZEROS, 1)
        cases += [Case(name, two, ZEROS) for two in enough[::step][:N_ZEROS]]
    cases += [Case(*pair, FOREIGN) for pair in FOREIGN_PAIRS if set(pair) <= set(names)]
    return sorted(cases, key=lambda case: (case.partner == "", case.reference, case.partner))


def is_stranger(one, two):
    """Whether the tissue of the second section is not in the first."""
    if kind_of_tissue(one) != kind_of_tissue(two):
        return True
    return any(
        (part in one) != (part in two) and "mouse_brain" not in one
        for part in OTHER_PARTS_OF_THE_BRAIN
    )


def kind_of_tissue(name):
    for kind, words in KINDS_OF_TISSUE.items():
        if any(word in name for word in words):
            return kind
    return tissue(name)


def n_shared(one, two):
    return len(one.adata.var_names.str.upper().intersection(two.adata.var_names.str.upper()))


def _kind_of_pair(name):
    return TECHNOLOGY if name.endswith("_aligned") else PAIR
