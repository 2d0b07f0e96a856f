"""The classes that a saved model may hold, by name: of no other one an object is made."""

from dpvae.geometry.regression.balanced_kernel import BalancedKernel
from dpvae.geometry.uncertainty.error_calibration import ErrorCalibration
from dpvae.geometry.uncertainty.neighbourhood import Surroundings
from dpvae.model.atlas.atlas import Atlas
from dpvae.model.atlas.gene_neighbours import GeneNeighbours
from dpvae.model.atlas.gene_regression import GeneRegression, Kernel
from dpvae.model.atlas.layout import Layout
from dpvae.model.data.depth import Depth

STORED = {
    cls.__name__: cls
    for cls in (
        Atlas,
        BalancedKernel,
        Depth,
        ErrorCalibration,
        GeneNeighbours,
        GeneRegression,
        Kernel,
        Layout,
        Surroundings,
    )
}
