"""Python's random generator: dask draws from another one than fits do."""

from __future__ import annotations

import random
import sys
from functools import cache
from typing import Any

_PACKAGES = frozenset(("dask", "distributed", "tornado"))


class _Elsewhere(random.Random):
    """Another generator, in the place of Python's module, with all that the module has besides."""

    def __getattr__(self, name: str) -> Any:
        return getattr(random, name)


_OF_DASK = _Elsewhere()


@cache
def let_dask_draw_elsewhere() -> None:
    """Give the modules of dask that are loaded in this process a generator of their own, once.

    dask measures messages by samples, in the thread of its event loop and at any time, and draws these from Python's
    generator. A fit that has seeded that, as those of Keras models do, would then go on with other numbers.
    """
    for name, module in [*sys.modules.items()]:
        if name.partition(".")[0] in _PACKAGES and getattr(module, "random", None) is random:
            vars(module)["random"] = _OF_DASK
