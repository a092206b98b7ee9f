"""Values to a hash: the canonical form, and which kind of value is written how."""

from __future__ import annotations

import enum
import functools
import hashlib
import itertools
import struct
import types
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import scipy.sparse

from multisearch._fingerprint import _code, _data, _objects
from multisearch._fingerprint._origin import ByFile, Origin
from multisearch._interrupts import raise_interrupt


class UnencodableError(TypeError):
    """A value whose content cannot be told, so that nothing may be assumed equal to it."""


def fingerprint(*values: Any) -> str:
    """Return a key of 32 hexadecimal digits for the content of the values.

    Parameters
    ----------
    *values : object
        Anything; estimators that are to be cloned before they are fitted as `Cloned`.

    Raises
    ------
    UnencodableError
        Where a value, or something inside it, has no content that could be told.
    """
    return Fingerprints()(*values)


class Fingerprints:
    """Makes keys, and remembers those of functions and classes, which are taken to stay as they are meanwhile.

    Parameters
    ----------
    origin : Origin, default=None
        Says which modules are the user's own; None tells it by their files.
    tolerant : bool, default=False
        Writes the class of what has no content that could be told, rather than raising an error.

    Attributes
    ----------
    met : dict of (str, str) to object
        What stands in importable modules of the user's and was met, by module and qualified name.
    """

    def __init__(self, origin: Origin | None = None, *, tolerant: bool = False) -> None:
        self.origin = ByFile() if origin is None else origin
        self.tolerant = tolerant
        self.met: dict[tuple[str, str], Any] = {}
        self.known: dict[int, tuple[Any, str]] = {}

    def __call__(self, *values: Any) -> str:
        """Return the key of some values.

        Raises
        ------
        UnencodableError
        """
        encoder = Encoder(self)
        try:
            for value in values:
                encoder.add(value)
        except UnencodableError:
            raise
        except Exception as error:  # objects of the user's may raise anything when they are looked at
            raise_interrupt(error)
            raise UnencodableError(f"{type(error).__name__}: {error}") from error
        return encoder.hexdigest()


class Encoder:
    """Feeds a canonical form of values into a hash.

    A value that is met again inside itself is written as how far above it is.

    Parameters
    ----------
    keys : Fingerprints
    above : Encoder, optional
        Writes what the values of this one are inside of.
    owner : type or function, optional
        What this one writes.
    """

    def __init__(self, keys: Fingerprints, above: Encoder | None = None, owner: Any = None) -> None:
        self.keys = keys
        self.owner = owner
        self.is_cyclic = False
        self.n_objects: itertools.count[int] = itertools.count() if above is None else above.n_objects
        self._hash = hashlib.blake2b(digest_size=16)
        self.path: list[int] = []
        self.in_this_key: dict[int, tuple[Any, str]] = {}
        if above is not None:
            self.path, self.in_this_key = above.path, above.in_this_key
        self.highest = len(self.path)

    def hexdigest(self) -> str:
        return self._hash.hexdigest()

    def add(self, value: Any) -> None:
        """Write a value of any kind."""
        if self.is_inside(value):
            position = self.path.index(id(value))
            self.highest = min(self.highest, position)
            self.write("inside", str(len(self.path) - position))
            return
        self.path.append(id(value))
        try:
            self._add_new(value)
        except UnencodableError:
            if not self.keys.tolerant:
                raise
            self.write("untold", f"{type(value).__module__}.{type(value).__qualname__}")
        finally:
            self.path.pop()

    def _add_new(self, value: Any) -> None:
        encode = _EXACTLY.get(type(value))
        if encode is None:
            encode = next((encode for kinds, encode in _DESCENDANTS if isinstance(value, kinds)), _objects.add_object)
        encode(self, value)

    def _take_over(self, inner: Encoder) -> None:
        self.highest = min(self.highest, inner.highest)
        self.is_cyclic |= inner.is_cyclic

    def is_inside(self, value: Any) -> bool:
        """Say whether what is written now is inside a value."""
        return id(value) in self.path

    def add_each(self, tag: str, values: Iterable[Any]) -> None:
        """Write some values behind a tag and their number."""
        values = list(values)
        self.write(tag, str(len(values)))
        for value in values:
            self.add(value)

    def add_unordered(self, tag: str, values: Iterable[Any]) -> None:
        """Write some values in an order that only depends on what they are."""
        digests = []
        for value in values:
            inner = Encoder(self.keys, self)
            inner.add(value)
            self._take_over(inner)
            digests.append(inner.hexdigest())
        self.add_each(tag, sorted(digests))

    def add_once(self, value: Any, encode: Callable[[Encoder, Any], None]) -> None:
        """Write the digest of a function or class that is being written, and may be met over and over again.

        What refers to each other has another digest where it is reached in another order, and is not remembered for
        other keys; a class and its methods are always reached through the class.
        """
        known = self.keys.known.get(id(value)) or self.in_this_key.get(id(value))
        if known is None:
            inner = Encoder(self.keys, self, value)
            encode(inner, value)
            known = (value, inner.hexdigest())
            is_open = inner.highest < len(self.path) - 1
            if is_open:
                self.is_cyclic |= inner.is_cyclic or not _is_method(value, self.owner)
                self.highest = min(self.highest, inner.highest)
            (self.in_this_key if is_open or inner.is_cyclic else self.keys.known)[id(value)] = known
        self.write("digest", known[1])

    def write(self, tag: str, content: str | bytes | memoryview = b"") -> None:
        """Write bytes behind a tag and their number."""
        raw = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
        self._hash.update(f"{tag}:{len(raw)}:".encode())
        self._hash.update(raw)

    def refuse(self, value: Any, why: object) -> None:
        """Give up a value.

        Raises
        ------
        UnencodableError
        """
        raise UnencodableError(f"{type(value).__module__}.{type(value).__qualname__}: {why}")


def _is_method(value: Any, owner: Any) -> bool:
    return (
        isinstance(value, types.FunctionType)
        and isinstance(owner, type)
        and (value.__module__, value.__qualname__.rpartition(".")[0]) == (owner.__module__, owner.__qualname__)
    )


def _add_scalar(encoder: Encoder, value: Any) -> None:
    encoder.write(type(value).__name__, repr(value))


def _add_float(encoder: Encoder, value: float) -> None:
    encoder.write("float", struct.pack("<d", value))


def _add_complex(encoder: Encoder, value: complex) -> None:
    encoder.write("complex", struct.pack("<dd", value.real, value.imag))


def _add_bytes(encoder: Encoder, value: bytes | bytearray) -> None:
    encoder.write(type(value).__name__, bytes(value))


def _add_sequence(encoder: Encoder, value: Any) -> None:
    encoder.add_each(type(value).__name__, value)


def _add_set(encoder: Encoder, value: Any) -> None:
    encoder.add_unordered(type(value).__name__, value)


def _add_dict(encoder: Encoder, value: Any) -> None:
    encoder.add_each("dict", value.items())


def _add_slice(encoder: Encoder, value: slice) -> None:
    encoder.add_each("slice", (value.start, value.stop, value.step))


def _add_enum(encoder: Encoder, value: enum.Enum) -> None:
    encoder.add(type(value))
    encoder.add_each("enum", (value.name, value.value))


def _add_partial(encoder: Encoder, value: functools.partial[Any]) -> None:
    encoder.add_each("partial", (type(value), value.func, value.args, value.keywords, vars(value)))


def _add_cached(encoder: Encoder, value: Any) -> None:
    encoder.add_each("cached", (value.__wrapped__, value.cache_parameters()))


def _add_random_state(encoder: Encoder, value: np.random.RandomState) -> None:
    if value is np.random.mtrand._rand:  # noqa: SLF001 - what ``None`` stands for everywhere
        encoder.write("random state", "the global one")
        return
    encoder.add_each("random state", value.get_state(legacy=True))


_Encode = Callable[[Encoder, Any], None]

_EXACTLY: dict[type, _Encode] = {
    **dict.fromkeys((type(None), bool, int, str, range, type(Ellipsis), type(NotImplemented)), _add_scalar),
    **dict.fromkeys((bytes, bytearray), _add_bytes),
    **dict.fromkeys((list, tuple), _add_sequence),
    **dict.fromkeys((set, frozenset), _add_set),
    **dict.fromkeys((dict, types.MappingProxyType), _add_dict),
    **dict.fromkeys((np.ndarray, np.memmap), _data.add_array),
    float: _add_float,
    complex: _add_complex,
    slice: _add_slice,
    np.ma.MaskedArray: _data.add_masked_array,
    np.random.RandomState: _add_random_state,
    _objects.Cloned: _objects.add_cloned,
    type(functools.lru_cache(_add_cached)): _add_cached,
    types.FunctionType: _code.add_function,
    types.MethodType: _code.add_method,
    types.BuiltinFunctionType: _code.add_builtin,
    types.CodeType: _code.add_code,
    types.CellType: _code.add_cell,
    types.ModuleType: _code.add_module,
    **dict.fromkeys((property, staticmethod, classmethod, functools.cached_property), _code.add_descriptor),
    np.ufunc: _code.add_builtin,
}
"""How values of exactly these classes are written."""

_DESCENDANTS: tuple[tuple[Any, _Encode], ...] = (
    (enum.Enum, _add_enum),
    (np.generic, _data.add_numpy_scalar),
    (np.dtype, _data.add_dtype),
    (functools.partial, _add_partial),
    (types.ModuleType, _code.add_module),
    (type, _code.add_class),
    ((scipy.sparse.spmatrix, scipy.sparse.sparray), _data.add_sparse),
    (_data.Pandas, _data.add_pandas),
    (_data.Polars, _data.add_polars),
    (_objects.FrozenDistribution, _objects.add_distribution),
)
"""How values of descendants of these classes are written; all others are objects."""
