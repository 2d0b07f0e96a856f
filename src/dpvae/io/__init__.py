"""SpatialData and folders of instruments: cells out of them, places back into them."""

from dpvae.io.add_micrometers import add_micrometers
from dpvae.io.read_instrument import read_instrument
from dpvae.io.table_of import table_of
from dpvae.io.write_places import write_places

__all__ = ["add_micrometers", "read_instrument", "table_of", "write_places"]
