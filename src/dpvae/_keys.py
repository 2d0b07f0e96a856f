"""Every string key that the package reads or writes, spelled once."""

from typing import Final, NamedTuple


class _Obsm(NamedTuple):
    """Keys of ``adata.obsm``."""

    spatial: str = "spatial"
    latent: str = "X_dpvae"
    decoder_metric: str = "X_dpvae_metric"
    reconstructed: str = "spatial_dpvae"
    posterior: str = "spatial_posterior"
    niche: str = "niche_composition"
    folded: str = "spatial_folded"
    unfolded: str = "spatial_unfolded"
    centered: str = "_dpvae_coordinates"
    neighborhood: str = "_dpvae_neighborhood"


class _Obs(NamedTuple):
    """Columns of ``adata.obs``."""

    domain: str = "spatial_domain"
    technology: str = "technology"
    section: str = "section"
    label: str = "transferred_label"


class _Var(NamedTuple):
    """Beginnings of columns of ``adata.var``."""

    spatial_test: str = "spatial_test"


class _Varm(NamedTuple):
    """Keys of ``adata.varm``."""

    measured: str = "measured"


class _Uns(NamedTuple):
    """Keys of ``adata.uns``."""

    autocorrelation: str = "dpvae_autocorrelation"
    distance_preservation: str = "dpvae_distance_preservation"
    isometry: str = "dpvae_isometry"
    join: str = "dpvae_join"
    mirror_symmetry: str = "dpvae_mirror_symmetry"
    paint: str = "dpvae_paint"


class _Obsp(NamedTuple):
    """Keys of ``adata.obsp``."""

    pair_mask: str = "dpvae_pair_mask"


class _Registry(NamedTuple):
    """Keys of the scvi-tools data registry and of the minibatches made from it."""

    coordinates: str = "coordinates"
    section: str = "section"
    technology: str = "technology"
    neighborhood: str = "neighborhood"
    row: str = "dpvae_row"


class _History(NamedTuple):
    """Columns of ``model.history``, without their ``_train`` or ``_validation``."""

    distance_loss: str = "distance_loss"
    distance_scale: str = "distance_scale"
    alignment_loss: str = "alignment_loss"
    reconstruction_loss: str = "reconstruction_loss"
    kl: str = "kl_local"


COORDINATE_SYSTEM: Final = "coordinate_system"
UNIT: Final = "unit"


def params_key(key: str) -> str:
    """Key of ``adata.uns`` with how the coordinates ``adata.obsm[key]`` were made.

    ``adata.uns[key]`` itself is where squidpy looks for the image behind them.
    """
    return f"{key}_params"


OBS: Final = _Obs()
OBSM: Final = _Obsm()
OBSP: Final = _Obsp()
UNS: Final = _Uns()
VAR: Final = _Var()
VARM: Final = _Varm()
REGISTRY: Final = _Registry()
HISTORY: Final = _History()
