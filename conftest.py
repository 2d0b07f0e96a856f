"""Import the package before pytest imports its files one by one.

Functions have the names of their modules, and would otherwise be replaced by them.
"""

import dpvae.io
import dpvae.pl
import dpvae.tl  # noqa: F401
