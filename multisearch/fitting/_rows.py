"""Rows that several fits see: views that cannot be unlocked for classes that are known, copies for all others.

A model that writes into its rows finds its own, as it would alone; nobody else's ever change. Copies keep what numbers
may depend on: types, the order in memory and its gaps.
"""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import scipy.sparse

from multisearch._interrupts import raise_interrupt

_PARTS = ("data", "indices", "indptr", "offsets", "coords")
"""Where sparse matrices keep their numbers."""

_FORMATS = {"csr", "csc", "bsr", "coo", "dia"}
_IMMUTABLE = frozenset({type(None), bool, int, float, complex, str, bytes})


def handed_over(rows: Any, *, known: bool) -> Any:
    """Return shared rows as one user may have them: as a view where its classes are known, else as a copy."""
    return _view(rows) if known else private(rows)


def locked(rows: Any) -> Any:
    """Make shared rows read-only, in place: nobody writes into them even by mistake."""
    if type(rows) is np.ndarray:
        rows.flags.writeable = False
    elif scipy.sparse.issparse(rows):
        for part in _arrays_of(rows):
            part.flags.writeable = False
    return rows


def private(rows: Any) -> Any:
    """Return a copy of rows that shares nothing that can be changed with the original."""
    if type(rows) is np.ndarray:
        return _copied(rows)
    if type(rows) is list:
        return list(rows) if set(map(type, rows)) <= _IMMUTABLE else copy.deepcopy(rows)
    if type(rows).__module__.partition(".")[0] == "pandas":
        return _copied_frame(rows)
    return copy.deepcopy(rows)


def _view(rows: Any) -> Any:
    if rows is None:
        return None
    if type(rows) is np.ndarray:
        return _locked_view(rows)
    if type(rows) is list:
        return list(rows)
    if _is_plain_sparse(rows):
        return _sparse_view(rows)
    return rows.copy(deep=False) if _is_copied_on_write(rows) else private(rows)


def _locked_view(array: Any) -> Any:
    """Return a view that no flag makes writeable again, since its memory is lent out for reading; else a copy."""
    if array.dtype.kind in "mM":  # times have no buffer
        view = _locked_view(array.view(np.int64)).view(array.dtype)
    else:
        try:
            view = np.asarray(memoryview(array).toreadonly())
        except (ValueError, TypeError, BufferError):
            return _copied(array)
    alike = (view.dtype, view.shape, view.strides) == (array.dtype, array.shape, array.strides)
    return view if alike and not view.flags.writeable else _copied(array)


def _copied(array: Any) -> Any:
    """Copy an array as it lies in memory: sums over what has gaps are rounded otherwise than over what has none."""
    if array.dtype.hasobject:
        has_parts = array.dtype.fields is not None or not set(map(type, array.ravel().tolist())) <= _IMMUTABLE
        return copy.deepcopy(array) if has_parts else array.copy(order="K")
    if array.flags.forc or array.size == 0 or array.dtype.kind == "T":
        return array.copy(order="K")
    low, high = np.lib.array_utils.byte_bounds(array)
    start = array.__array_interface__["data"][0] - low
    memory = np.empty(high - low, dtype=np.uint8)
    own: Any = np.ndarray(array.shape, array.dtype, buffer=memory.data, offset=start, strides=array.strides)
    own[...] = array
    return own


def _is_plain_sparse(rows: Any) -> bool:
    return (
        scipy.sparse.issparse(rows)
        and type(rows).__module__.partition(".")[0] == "scipy"
        and rows.format in _FORMATS
        and all(type(part) is np.ndarray for part in _arrays_of(rows))
    )


def _arrays_of(sparse: Any) -> list[Any]:
    parts = [vars(sparse)[name] for name in _PARTS if name in vars(sparse)]
    arrays = [array for part in parts for array in (part if isinstance(part, tuple) else (part,))]
    return [array for array in arrays if isinstance(array, np.ndarray)]


def _sparse_view(sparse: Any) -> Any:
    own = copy.copy(sparse)
    for name in _PARTS:
        part = vars(sparse).get(name)
        if part is not None:
            views = tuple(map(_locked_view, part)) if isinstance(part, tuple) else _locked_view(part)
            setattr(own, name, views)
    return own


def _copied_frame(rows: Any) -> Any:
    """Copy a frame with its index and whatever its cells hold, which pandas' own deep copy shares."""
    try:
        return pickle.loads(pickle.dumps(rows, protocol=5))
    except Exception as error:  # noqa: BLE001 - cells may hold anything; what cannot be copied either is for the caller
        raise_interrupt(error)
        return copy.deepcopy(rows)


def _is_copied_on_write(rows: Any) -> bool:
    """Say whether writing to a shallow copy leaves these rows alone: pandas guards frames so from 3.0 on."""
    if not (type(rows).__module__.partition(".")[0] == "pandas" and hasattr(rows, "iloc")):
        return False
    import pandas as pd

    return int(pd.__version__.partition(".")[0]) >= 3 or pd.get_option("mode.copy_on_write") is True  # noqa: PLR2004
