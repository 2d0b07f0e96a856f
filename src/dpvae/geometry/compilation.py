"""Machine code for numerical kernels."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])

ALGEBRA = {"contract", "reassoc", "nsz", "arcp"}


def compiled(function: Function) -> Function:
    """Compile a numerical kernel to machine code, once per machine.

    The kernel runs on one thread and releases the interpreter lock. Sums may be reordered so that
    they vectorise; infinities and NaN keep their meaning. A compiled kernel calls only kernels of
    its own file, because the cache on disk notices changes in that file alone.
    """
    compile_kernel = numba.njit(cache=True, nogil=True, fastmath=ALGEBRA, error_model="numpy")
    return cast("Function", compile_kernel(function))
