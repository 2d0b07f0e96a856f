"""Names of sections as figures show them."""

SHORT = {
    "dlpfc_": "cortex (DLPFC) ",
    "drosophila_bdtnp": "fly embryo, 3-D",
    "merfish_mouse_motor_cortex_gaston": "motor cortex, MERFISH",
    "merfish_mouse_poa_6509": "preoptic area, MERFISH",
    "osmfish_ss_cortex": "cortex, osmFISH",
    "seqfish_mouse_embryo_subset": "mouse embryo, seqFISH",
    "st_breast_cancer_stahl_layer": "breast cancer, layer ",
    "st_her2_breast_tumour_": "HER2 tumour ",
    "st_mouse_brain_hippo": "hippocampus ",
    "st_mouse_olfactory_bulb_": "olfactory bulb ",
    "starmap_mouse_visual_cortex_1020": "visual cortex, STARmap",
    "starmap_mpfc_3sections:": "mPFC, STARmap ",
    "visium_human_breast_cancer_aligned": "breast cancer, Visium",
    "visium_human_prostate_2samples_mini:": "prostate ",
    "visium_v1_adult_mouse_brain": "mouse brain, Visium",
    "xenium_human_breast_cancer_2023_squirtle": "breast cancer, Xenium part",
    "xenium_human_breast_cancer_aligned": "breast cancer, Xenium",
}


def short(section):
    """Name of a section as figures show it."""
    for beginning, name in SHORT.items():
        if section.startswith(beginning):
            rest = section.removeprefix(beginning)
            return (name + rest.removesuffix("_control").split("_")[-1]).strip()
    return section
