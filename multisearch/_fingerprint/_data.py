"""How rows are written: arrays, sparse matrices, frames, with everything about them that a model might look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from multisearch._fingerprint import _objects

if TYPE_CHECKING:
    from multisearch._fingerprint._encoder import Encoder


def add_numpy_scalar(encoder: Encoder, value: np.generic) -> None:
    """Write the dtype, too: a Python number adapts itself to the rows it meets, numpy's does not."""
    encoder.add(value.dtype)
    if value.dtype.hasobject:
        encoder.add(value.item())
    else:
        encoder.write("scalar", value.tobytes())
    _objects.add_state(encoder, value)


def add_dtype(encoder: Encoder, value: np.dtype[Any]) -> None:
    """Write a dtype with its fields, its byte order and what was attached to it."""
    encoder.write("dtype", f"{value!r}{value.str}{value.itemsize}{value.isalignedstruct}")
    if value.metadata:
        encoder.add(value.metadata)
    for name in value.names or ():
        encoder.add(value.fields[name][0])  # type: ignore[index]


def add_array(encoder: Encoder, value: np.ndarray[Any, Any]) -> None:
    """Write the memory order as well, since sums depend on it."""
    encoder.add(value.dtype)
    encoder.write("array", f"{value.shape}{_order_of_axes(value)}")
    if value.dtype.hasobject:
        encoder.add_each("items", value.ravel().tolist())
    else:
        encoder.write("bytes", np.ascontiguousarray(value).reshape(-1).view(np.uint8).data)


def _order_of_axes(value: np.ndarray[Any, Any]) -> list[int]:
    """Return the axes from the one with the longest steps to the one with the shortest; those of length 1 have none."""
    axes = [axis for axis, length in enumerate(value.shape) if length > 1]
    return sorted(axes, key=lambda axis: (-abs(value.strides[axis]), axis))


def add_masked_array(encoder: Encoder, value: np.ma.MaskedArray[Any, Any]) -> None:
    """Write data, mask and what stands for missing values."""
    encoder.add_each("masked", (np.asarray(value.data), np.ma.getmaskarray(value), value.fill_value))


def add_sparse(encoder: Encoder, value: Any) -> None:
    """Write the format's own arrays, in the order in which they stand there."""
    encoder.add(type(value))
    encoder.write("sparse", f"{value.format}{value.shape}")
    rows = value if value.format in {"csr", "csc", "bsr"} else value.tocoo()
    places = rows.coords if rows.format == "coo" else (rows.indices, rows.indptr)
    encoder.add_each("parts", (rows.data, *places))


class _PolarsKind(type):
    """Recognises polars' frames and series without importing polars."""

    def __instancecheck__(cls, value: object) -> bool:
        kind = type(value)
        return str(kind.__module__).startswith("polars.") and hasattr(kind, "null_count") and hasattr(kind, "to_numpy")


class Polars(metaclass=_PolarsKind):
    """A frame or a series of polars."""


def add_polars(encoder: Encoder, value: Any) -> None:
    """Write columns with their names, types and values."""
    encoder.add(type(value))
    for column in value.get_columns() if hasattr(value, "get_columns") else [value]:
        encoder.write("column", f"{column.name} {column.dtype!r}")
        is_plain = column.dtype.is_numeric() and not column.null_count()
        encoder.add(column.to_numpy() if is_plain else column.to_list())


class _PandasKind(type):
    """Recognises pandas' frames, series and indexes without importing pandas."""

    def __instancecheck__(cls, value: object) -> bool:
        kind = type(value)
        packages = (str(base.__module__).partition(".")[0] for base in kind.__mro__)
        return hasattr(kind, "to_numpy") and (hasattr(kind, "iloc") or hasattr(kind, "names")) and "pandas" in packages


class Pandas(metaclass=_PandasKind):
    """Whatever is a frame, a series or an index of pandas, or descends from one."""


def add_pandas(encoder: Encoder, value: Any) -> None:
    """Write columns, dtypes, values, names, index and attributes; not how blocks of memory hold them."""
    encoder.add(type(value))
    if not hasattr(value, "iloc"):
        _add_index(encoder, value)
        return
    encoder.add_each("attributes", (value.attrs, value.flags.allows_duplicate_labels))
    encoder.add_each("own", ((name, getattr(value, name, None)) for name in value._metadata))  # noqa: SLF001 - where subclasses say what else there is
    if hasattr(value, "columns"):
        encoder.add(value.columns)
        for position in range(value.shape[1]):
            _add_values(encoder, value.iloc[:, position])
    else:
        _add_values(encoder, value)
    encoder.add(value.index)


def _add_index(encoder: Encoder, index: Any) -> None:
    encoder.add_each("names", index.names)
    encoder.write("frequency", str(getattr(index, "freq", None)))
    if hasattr(index, "levels"):
        for level in range(index.nlevels):
            _add_values(encoder, index.get_level_values(level))
    else:
        _add_values(encoder, index)


def _add_values(encoder: Encoder, column: Any) -> None:
    """Write one column or level by what kind of values it has."""
    values = column.array
    encoder.write("dtype", repr(column.dtype)[:200])  # of many categories this is an abridgement
    if hasattr(values, "categories"):
        encoder.write("ordered", str(values.ordered))
        encoder.add(values.categories)
        encoder.add(values.codes)
    elif hasattr(values, "asi8"):
        encoder.add(values.asi8)
    elif isinstance(column.dtype, np.dtype):
        encoder.add(np.asarray(column.to_numpy()))
    else:
        encoder.add(column.to_numpy(dtype=object))
