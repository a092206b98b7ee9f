"""dask arrays and DataFrames: whether data are such, their rows in memory, their number, and their blocks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def is_lazy(data: Any) -> bool:
    """Say whether data is a dask collection, without importing dask."""
    return hasattr(data, "__dask_graph__") and data.__dask_graph__() is not None


def in_memory(data: Any) -> Any:
    """Return data as it is, a dask collection computed (by the active dask client, if there is one)."""
    return data.compute() if is_lazy(data) else data


def standing_in(data: Any) -> Any:
    """Return data as it is; for a dask collection rows without columns, of the same number, for what only counts."""
    return np.empty((_n_rows(data), 0)) if is_lazy(data) else data


def _n_rows(data: Any) -> int:
    length = data.shape[0]
    if hasattr(length, "__dask_graph__"):
        return len(data)
    if not np.isnan(length):
        return int(length)
    from dask.delayed import delayed

    return int(delayed(sum)([delayed(_n_rows, pure=False)(block) for block in blocks_of(data)[:, 0]]).compute())


def blocks_of(data: Any) -> Any:
    """Return the delayed blocks of a dask array or DataFrame, of shape (n_blocks_of_rows, n_blocks_of_columns)."""
    blocks = np.asarray(data.to_delayed(), dtype=object)
    return blocks.reshape(len(blocks), -1)


def by_block(function: Callable[[Any], Any], data: Any) -> Any:
    """Return a delayed list of what a function gives for each block of a dask array or DataFrame, in their order."""
    from dask.delayed import delayed

    return delayed(list)([delayed(function, pure=False)(block) for block in blocks_of(data).ravel()])
