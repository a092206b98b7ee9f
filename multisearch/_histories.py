"""The histories of stopped fits in few bytes: names and numbers, of which nothing is executed when they are read."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

_DOUBLE, _SINGLE = "<f8", "<f4"

_SINGLE_PRECISION = 1e-6
"""What rounding to four bytes may change, relative to a number."""

_LARGEST = 2**26
"""Bytes of the largest history that is read: a stranger's may be made to fill the memory."""


def pack(history: Mapping[str, Sequence[float]]) -> bytes | None:
    """Return a history, of one or two metrics in fewer than 10 bytes per iteration; None where there is none.

    The numbers of one metric stay what they are to the bit, and so do those that single precision holds (Keras' own).
    Several metrics are rounded to single precision.
    """
    if not history:
        return None
    columns = {name: np.asarray(values, dtype=_DOUBLE) for name, values in history.items()}
    stored = {name: _stored(values, is_alone=len(columns) == 1) for name, values in columns.items()}
    header = json.dumps([[name, values.dtype.str, len(values)] for name, values in stored.items()])
    content = b"".join([header.encode(), b"\n", *map(_by_significance, stored.values())])
    return zlib.compress(content, level=9)


def unpack(packed: bytes) -> dict[str, NDArray[np.float64]]:
    """Return what was packed, by metric.

    Raises
    ------
    ValueError
        Where the bytes are none that `pack` returns.
    """
    content = _decompressed(packed)
    header, _, numbers = content.partition(b"\n")
    history: dict[str, NDArray[np.float64]] = {}
    try:
        for name, dtype, count in json.loads(header):
            size = _size_of(name, dtype, count)
            planes = np.frombuffer(numbers[: size * count], dtype=np.uint8).reshape(size, count)
            history[name] = np.ascontiguousarray(planes.T).view(dtype).reshape(count).astype(np.float64)
            numbers = numbers[size * count :]
    except (RecursionError, TypeError, ValueError) as error:
        raise ValueError(f"this is no history: {error}") from error
    if numbers:
        raise ValueError("this is no history: there are more numbers than it speaks of")
    return history


def _size_of(name: object, dtype: object, count: object) -> int:
    """Return the bytes of one number, of what a header says."""
    if not (isinstance(name, str) and dtype in (_DOUBLE, _SINGLE) and type(count) is int and count >= 0):
        raise ValueError(f"no metric is {name!r} with {count!r} numbers of {dtype!r}")
    return np.dtype(dtype).itemsize


def _stored(values: NDArray[np.float64], *, is_alone: bool) -> NDArray[np.floating]:
    with np.errstate(over="ignore"):
        short = values.astype(_SINGLE)
    tolerance = 0.0 if is_alone else _SINGLE_PRECISION
    is_near = np.allclose(short.astype(np.float64), values, rtol=tolerance, atol=0.0, equal_nan=True)
    return short if is_near else values


def _by_significance(values: NDArray[np.floating]) -> bytes:
    """Return first the first bytes of all numbers, and so on: those that hardly change lie together."""
    return values.view(np.uint8).reshape(len(values), values.dtype.itemsize).T.tobytes()


def _decompressed(packed: bytes) -> bytes:
    decompressor = zlib.decompressobj()
    try:
        content = decompressor.decompress(packed, _LARGEST)
    except zlib.error as error:
        raise ValueError(f"this is no history: {error}") from error
    if not decompressor.eof:
        raise ValueError(f"this is no history: it is cut off, or has more than {_LARGEST} bytes")
    return content
