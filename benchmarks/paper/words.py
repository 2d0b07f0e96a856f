"""Short names of sections, and differences in words."""

import numpy as np

ALPHA = r"$\alpha$"
MORAN = "a Moran's I"
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


def chosen(sections, names):
    """Sections of these names; where there is none of them, as many of the smallest."""
    found = [section for name in names for section in sections if section.name == name]
    by_size = sorted(sections, key=lambda section: section.adata.n_obs)
    return found or by_size[: len(names)]


def compared(first, second, of="sections", what="an error"):
    """Say how much lower the first of two paired series is, against the spread of differences."""
    difference = np.asarray(second, dtype=float) - np.asarray(first, dtype=float)
    difference = difference[np.isfinite(difference)]
    mean = difference.mean()
    spread = difference.std(ddof=1) if len(difference) > 1 else np.nan
    side = "lower" if mean > 0 else "higher"
    small = "" if abs(mean) > spread else ", which is within one standard deviation"
    return (
        f"{what} {abs(mean):.3f} {side} on average (standard deviation of the differences "
        f"{spread:.3f}{small}), {side} in {(difference * np.sign(mean) > 0).sum()} of "
        f"{len(difference)} {of}"
    )
