"""The only classes of which a saved model may hold objects, by name."""

from dpvae.geometry.regression.balanced_kernel import BalancedKernel
from dpvae.geometry.regression.kernel import KernelRidge
from dpvae.geometry.surfaces.cosines import Cosines
from dpvae.geometry.surfaces.surfaces import Surfaces
from dpvae.geometry.surfaces.tissue_model import TissueModel
from dpvae.model.atlas.atlas import Atlas
from dpvae.model.atlas.gene_neighbors import GeneNeighbors
from dpvae.model.atlas.gene_regression import GeneRegression, SectionRegression
from dpvae.model.atlas.gene_surfaces import GeneSurfaces
from dpvae.model.atlas.layout import Layout
from dpvae.model.atlas.similar_cells import SimilarCells
from dpvae.model.atlas.spatial_axes import SpatialAxes
from dpvae.model.data.depth import Depth
from dpvae.model.joint.imputation import Imputation
from dpvae.model.tissue.expression_surfaces import ExpressionSurfaces
from dpvae.model.tissue.section_frames import SectionFrames

STORED = {
    cls.__name__: cls
    for cls in (
        Atlas,
        BalancedKernel,
        Cosines,
        Depth,
        ExpressionSurfaces,
        GeneNeighbors,
        GeneRegression,
        GeneSurfaces,
        Imputation,
        KernelRidge,
        Layout,
        SectionFrames,
        SectionRegression,
        SimilarCells,
        SpatialAxes,
        Surfaces,
        TissueModel,
    )
}
