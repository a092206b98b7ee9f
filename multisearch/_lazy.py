"""dask arrays and DataFrames: their length, their rows in memory, and methods applied to them block by block."""

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
    if not is_lazy(data):
        return data
    length = data.shape[0]
    return np.empty((len(data) if hasattr(length, "__dask_graph__") or np.isnan(length) else int(length), 0))


def by_block(function: Callable[[Any], Any], data: Any) -> Any:
    """Return a delayed list of what a function gives for each block of a dask array or DataFrame, in their order."""
    from dask.delayed import delayed

    blocks = np.ravel(np.asarray(data.to_delayed(), dtype=object)).tolist()
    return delayed(list)([delayed(function, pure=False)(block) for block in blocks])


def applied_by_block(estimator: Any, method: str, data: Any) -> Any:
    """Return a dask array of what an estimator's method gives for the blocks of a dask array or DataFrame.

    Nothing but the first row is computed, to learn the result's shape and dtype. Blocks of a DataFrame have an unknown
    number of rows, and so has the result.

    Parameters
    ----------
    estimator : fitted estimator
    method : str
    data : dask array of shape (n_samples, n_features) or dask DataFrame

    Returns
    -------
    result : dask array of shape (n_samples,) or (n_samples, n_outputs)
    """
    import dask.array as da
    from dask.delayed import delayed

    first_row = data.head(1) if hasattr(data, "head") else data[:1].compute()
    result = np.asarray(_apply(estimator, method, first_row))
    shared = delayed(estimator, pure=True)
    if isinstance(data, da.Array):
        data = data.rechunk({1: -1}) if data.ndim > 1 else data
        blocks, lengths = data.to_delayed().ravel(), data.chunks[0]
    else:
        blocks = data.to_delayed()
        lengths = [np.nan] * len(blocks)
    parts = [
        da.from_delayed(delayed(_apply)(shared, method, block), (length, *result.shape[1:]), dtype=result.dtype)
        for block, length in zip(blocks, lengths, strict=True)
    ]
    return da.concatenate(parts, allow_unknown_chunksizes=True)


def _apply(estimator: Any, method: str, rows: Any) -> Any:
    return getattr(estimator, method)(rows)
