"""One colour and one marker for each method, in every figure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class MethodStyle:
    color: str
    marker: str


BLUE, SKY, GREEN, ORANGE = "#0072B2", "#56B4E9", "#009E73", "#E69F00"
RED, PINK, BROWN, BLACK, GRAY = "#D55E00", "#CC79A7", "#7A5230", "#222222", "#8A8A8A"
STYLES = {
    "DPVAE": MethodStyle(BLUE, "o"),
    "DPSCVI": MethodStyle(SKY, "s"),
    "DPHVAE": MethodStyle(BLUE, "h"),
    "DPVGAE": MethodStyle(BLUE, "H"),
    "Surfaces": MethodStyle(GREEN, "D"),
    "dpvae.tl.paint": MethodStyle(GREEN, "p"),
    "DPVAE, per section": MethodStyle(SKY, "8"),
    "plain VAE": MethodStyle(GRAY, "X"),
    "plain scVI": MethodStyle(GRAY, "P"),
    "VAE": MethodStyle(GRAY, "X"),
    "dp-VAE": MethodStyle(BLUE, "o"),
    "scVI": MethodStyle(GRAY, "P"),
    "dp-scVI": MethodStyle(SKY, "s"),
    "dp-VAE of the paper": MethodStyle(SKY, "*"),
    "kNN": MethodStyle(PINK, "s"),
    "ridge": MethodStyle(RED, "v"),
    "ridge, genes": MethodStyle(RED, "v"),
    "ridge, PCs": MethodStyle(BROWN, "d"),
    "kernel ridge": MethodStyle(BROWN, "d"),
    "MLP": MethodStyle(ORANGE, "^"),
    "MLP, our weights": MethodStyle(ORANGE, ">"),
    "novoSpaRc": MethodStyle(BLACK, "o"),
    "moscot": MethodStyle(BLACK, "s"),
    "Tangram": MethodStyle(BLACK, "^"),
    "CeLEry": MethodStyle(BLACK, "D"),
    "gimVI": MethodStyle(BLACK, "v"),
    "ENVI": MethodStyle(BLACK, "P"),
    "SpaGE-like": MethodStyle(GRAY, "v"),
    "logistic regression": MethodStyle(ORANGE, "D"),
}
OTHER = MethodStyle(GRAY, "o")


def style_of(method):
    """Style of a method; what follows a comma or "on" is a variant and looks the same."""
    if method in STYLES:
        return STYLES[method]
    family = method.split(",")[0].split(" on ")[0]
    return STYLES.get(family, OTHER)
