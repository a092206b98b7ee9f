"""A value written once to a file that every process of this machine reads through one and the same memory.

Arrays, frames and sparse matrices are pickled out of band: their bytes stand in the file as they are, and whoever opens
it gets read-only views of the file instead of copies. Bytes that are already a file's, as a read-only `numpy.memmap`'s,
are not written again.
"""

from __future__ import annotations

import io
import mmap
import os
import pickle
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import cloudpickle
import numpy as np
import psutil
from distributed.system import MEMORY_LIMIT

_ALIGNMENT = 64
WORTH_A_PLACE = 1 << 16  # bytes; less is pickled as usual and private to whoever opens the file
_TIMES_THE_ROOM = 2


@dataclass(frozen=True, slots=True)
class Span:
    """Some bytes of a file."""

    path: str
    start: int
    length: int


@dataclass(frozen=True, slots=True)
class MappedValue:
    """Where a written value is; small, and can be pickled.

    Attributes
    ----------
    path : str
        The file that was written; there is nothing of the value anywhere else, except in the user's own files.
    stream : Span
        The pickled value without its large buffers.
    buffers : tuple of Span
        These, in the order in which they are needed.
    """

    path: str
    stream: Span
    buffers: tuple[Span, ...]

    def open(self) -> Any:
        """Return the value; its large arrays are read-only and live as long as they are used, even without the file."""
        files = {path: _mapped(path) for path in {span.path for span in (self.stream, *self.buffers)}}
        stream, *buffers = (files[span.path][span.start : span.start + span.length] for span in self._spans())
        return pickle.loads(stream, buffers=buffers)

    def remove(self) -> None:
        """Delete the file; what has been opened can still be used."""
        Path(self.path).unlink(missing_ok=True)

    def _spans(self) -> tuple[Span, ...]:
        return (self.stream, *self.buffers)


def write(value: Any, folders: Sequence[Path]) -> MappedValue:
    """Write a value to a new file that nobody but its owner can read.

    Parameters
    ----------
    value : object
        Whatever cloudpickle takes.
    folders : sequence of Path
        Where the file may be. One that has no clear room for it is passed over, except for the last.

    Raises
    ------
    OSError
        Where the last folder cannot take it either.
    """
    stream = io.BytesIO()
    buffers = _Buffers()
    ArrayPickler(stream, protocol=5, buffer_callback=buffers.keep).dump(value)
    contents = [stream.getbuffer(), *(buffer for buffer in buffers.kept if isinstance(buffer, memoryview))]
    size = sum(content.nbytes + _ALIGNMENT for content in contents)
    *roomy, last = folders
    for folder in roomy:
        if _has_room(folder, size):
            try:
                return _written(contents, buffers.kept, folder)
            except OSError:  # it had less room than it said: the next
                continue
    return _written(contents, buffers.kept, last)


class ArrayPickler(cloudpickle.Pickler):
    """Also gives out of band what numpy gives so only where an array is plain and contiguous."""

    def reducer_override(self, value: Any) -> Any:
        if type(value) in {np.ndarray, np.memmap} and not value.dtype.hasobject:
            rows = value.view(np.ndarray)
            if not (rows.flags.c_contiguous or rows.flags.f_contiguous):
                rows = rows.copy(order="K")  # rows taken from it then have the order that they had here
            if rows.dtype.kind in "mM":  # times, which have no buffer
                return np.ndarray.view, (rows.view(np.int64), rows.dtype)
            return rows.__reduce_ex__(5)
        return super().reducer_override(value)


class _Buffers:
    """Collects large buffers while a value is pickled: their bytes, or where a file already has them."""

    def __init__(self) -> None:
        self.kept: list[memoryview | Span] = []

    def keep(self, buffer: pickle.PickleBuffer) -> bool:
        """Say whether a buffer is to be pickled as usual, that is in band."""
        raw = buffer.raw()
        if raw.nbytes < WORTH_A_PLACE:
            return True
        self.kept.append((self._files.span(raw) if raw.readonly else None) or raw)
        return False

    @cached_property
    def _files(self) -> _FilesInMemory:
        return _FilesInMemory()


class _FilesInMemory:
    """The files that this process has mapped for reading, by address; known on Linux only."""

    def __init__(self) -> None:
        self._lines = [line.split(maxsplit=5) for line in _lines(Path("/proc/self/maps"))]

    def span(self, raw: memoryview) -> Span | None:
        """Return where a file holds these bytes; None where none does, or not for sure."""
        first = np.frombuffer(raw, np.uint8).__array_interface__["data"][0]
        for addresses, access, offset, device, inode, *path in self._lines:
            start, end = (int(address, 16) for address in addresses.split("-"))
            if access == "r--s" and start <= first and first + raw.nbytes <= end and path:
                file = path[0].rstrip("\n")
                known = _identity(file) == (device, int(inode))
                return Span(file, int(offset, 16) + first - start, raw.nbytes) if known else None
        return None


def _lines(file: Path) -> Iterator[str]:
    try:
        with file.open() as lines:
            yield from lines
    except OSError:
        return


def _identity(path: str) -> tuple[str, int] | None:
    """Return a file's device and number as Linux writes them; a path may name another file than the one mapped."""
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}", found.st_ino


def _has_room(folder: Path, size: int) -> bool:
    """Say whether a folder, which may be in memory, clearly has room."""
    try:
        disk = os.statvfs(folder)
    except OSError:
        return False
    memory = min(psutil.virtual_memory().available, MEMORY_LIMIT - psutil.Process().memory_info().rss)
    return bool(min(disk.f_bavail * disk.f_frsize, memory) >= _TIMES_THE_ROOM * size)


def _written(contents: Sequence[memoryview], kept: Sequence[memoryview | Span], folder: Path) -> MappedValue:
    path = folder / uuid.uuid4().hex
    spans = []
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123
            for content in contents:
                file.seek(-(-file.tell() // _ALIGNMENT) * _ALIGNMENT)
                spans.append(Span(str(path), file.tell(), content.nbytes))
                file.write(content)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    stream, *written = spans
    in_order = iter(written)
    return MappedValue(str(path), stream, tuple(span if isinstance(span, Span) else next(in_order) for span in kept))


def _mapped(path: str) -> memoryview:
    with Path(path).open("rb") as file:
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
