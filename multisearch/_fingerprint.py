"""Content keys of estimators, settings and data, stable across processes and machines.

Two things with equal keys are interchangeable for fitting; things that cannot be encoded raise `UnencodableError`.
"""

from __future__ import annotations

import contextlib
import dis
import enum
import functools
import hashlib
import importlib.util
import inspect
import site
import struct
import sysconfig
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import scipy.sparse
from sklearn.base import BaseEstimator

__all__ = ["UnencodableError", "fingerprint"]

_IRRELEVANT_PARAMS = frozenset({"verbose", "memory", "n_jobs"})
"""Parameters of scikit-learn's classes that change no result; in anybody else's they may mean something else."""


class UnencodableError(TypeError):
    """A value whose content cannot be told, so that nothing may be assumed equal to it."""


def fingerprint(*values: Any) -> str:
    """Return a key of 32 hexadecimal digits for the content of the values.

    Parameters
    ----------
    *values : object
        Estimators, parameter values, arrays, frames, functions and containers of these.

    Raises
    ------
    UnencodableError
        Where a value, or something inside it, has no content that could be told.
    """
    encoder = _Encoder()
    for value in values:
        encoder.add(value)
    return encoder.hexdigest()


@functools.cache
def _library_folders() -> tuple[str, ...]:
    folders = [*site.getsitepackages(), site.getusersitepackages()]
    folders += [path for name, path in sysconfig.get_paths().items() if name.endswith(("lib", "stdlib"))]
    return tuple(folders)


def _is_from_a_library(thing: Any) -> bool:
    """Say whether a class or function is installed, not the user's own: then its name stands for its content."""
    module = inspect.getmodule(thing)
    if module is None or module.__name__ == "__main__":
        return False
    file = getattr(module, "__file__", None)
    return file is None or file.startswith(_library_folders())


class _Encoder:
    """Feeds a canonical form of values into a hash; a value met again inside itself is written as its depth."""

    def __init__(self, within: _Encoder | None = None) -> None:
        self._hash = hashlib.blake2b(digest_size=16)
        self._path: list[int] = [] if within is None else within._path
        self._code: dict[int, tuple[Any, str]] = {} if within is None else within._code
        self._with_state: bool = within is not None and within._with_state

    def hexdigest(self) -> str:
        return self._hash.hexdigest()

    def add(self, value: Any) -> None:
        if id(value) in self._path:
            self._write("inside", str(self._path.index(id(value))))
            return
        self._path.append(id(value))
        try:
            self._add_new(value)
        finally:
            self._path.pop()

    def _add_once(self, value: Any, encode: Callable[[_Encoder, Any], None]) -> None:
        """Write the digest of a function or class, which others may refer to over and over again."""
        known = self._code.get(id(value))
        if known is None:
            inner = _Encoder(self)
            encode(inner, value)
            known = self._code[id(value)] = (value, inner.hexdigest())
        self._write("digest", known[1])

    def _write(self, tag: str, content: str | bytes | memoryview = b"") -> None:
        raw = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
        self._hash.update(f"{tag}:{len(raw)}:".encode())
        self._hash.update(raw)

    def _add_each(self, tag: str, values: Any) -> None:
        values = list(values)
        self._write(tag, str(len(values)))
        for value in values:
            self.add(value)

    def _add_new(self, value: Any) -> None:
        for kinds, encode in _ENCODERS:
            if isinstance(value, kinds):
                encode(self, value)
                return
        if _is_pandas(value):
            self._add_frame(value)
        elif _is_frozen_distribution(value):
            self._write("distribution", value.dist.name)
            self._add_each("args", (type(value.dist), value.args, value.kwds))
        elif hasattr(value, "get_params"):
            self._add_estimator(value)
        else:
            self._add_reduced(value)

    def _add_scalar(self, value: Any) -> None:
        self._write(type(value).__name__, repr(value))

    def _add_float(self, value: float) -> None:
        self._write("float", struct.pack("<d", value))

    def _add_numpy_scalar(self, value: np.generic) -> None:
        item = value.item()
        if isinstance(item, np.generic):
            self._write(value.dtype.str, value.tobytes())
        else:
            self.add(item)

    def _add_array(self, value: np.ndarray[Any, Any]) -> None:
        order = "F" if value.flags.f_contiguous and not value.flags.c_contiguous else "C"
        self._write("array", f"{value.dtype.descr}{value.shape}{order}")
        if value.dtype.hasobject:
            self._add_each("items", value.ravel().tolist())
        else:
            self._write("bytes", np.ascontiguousarray(value).reshape(-1).view(np.uint8).data)

    def _add_masked_array(self, value: np.ma.MaskedArray[Any, Any]) -> None:
        self._add_each("masked", (value.data, np.ma.getmaskarray(value)))

    def _add_sparse(self, value: Any) -> None:
        rows = value.tocoo() if value.format not in {"csr", "csc", "bsr", "coo"} else value
        self._write("sparse", f"{type(value).__name__}{value.shape}")
        names = ("row", "col", "data") if rows.format == "coo" else ("indptr", "indices", "data")
        self._add_each("parts", (getattr(rows, name) for name in names))

    def _add_frame(self, value: Any) -> None:
        self._write("frame", type(value).__name__)
        if hasattr(value, "columns"):
            self._add_each("columns", value.columns.tolist())
            columns = [value.iloc[:, position] for position in range(value.shape[1])]
        else:
            self.add(getattr(value, "name", None))
            columns = [value]
        for column in columns:
            self._write("dtype", repr(column.dtype))
            self.add(column.to_numpy())
        if hasattr(value, "index"):
            self.add(value.index.to_numpy())

    def _add_mapping(self, value: dict[Any, Any]) -> None:
        self._add_each(type(value).__name__, value.items())

    def _add_sequence(self, value: Any) -> None:
        self._add_each(type(value).__name__, value)

    def _add_set(self, value: Any) -> None:
        self._add_each(type(value).__name__, sorted(fingerprint(item) for item in value))

    def _add_enum(self, value: enum.Enum) -> None:
        self.add(type(value))
        self._write("enum", value.name)

    def _add_module(self, value: types.ModuleType) -> None:
        self._write("module", value.__name__)

    def _add_random_state(self, value: np.random.RandomState) -> None:
        self._add_each("random state", value.get_state(legacy=True))

    def _add_partial(self, value: functools.partial[Any]) -> None:
        self._add_each("partial", (value.func, value.args, value.keywords))

    def _add_method(self, value: types.MethodType) -> None:
        self._add_each("method", (value.__func__, value.__self__))

    def _add_named(self, value: Any) -> None:
        module = getattr(value, "__module__", None)
        owner = getattr(value, "__self__", None)
        self._write("named", f"{module}.{getattr(value, '__qualname__', value.__name__)}")
        if owner is not None and not isinstance(owner, types.ModuleType):
            self.add(owner)

    def _add_class(self, value: type) -> None:
        self._write("class", f"{value.__module__}.{value.__qualname__}")
        if not _is_from_a_library(value):
            self._add_once(value, _Encoder._add_own_class)

    def _add_own_class(self, value: type) -> None:
        self._add_each("bases", value.__bases__)
        for name, member in vars(value).items():
            content = _member_content(member)
            if isinstance(member, types.FunctionType) or not name.startswith(("__", "_abc_")):
                self._write("member", name)
                self.add(content)

    def _add_function(self, value: types.FunctionType) -> None:
        if _is_from_a_library(value) and value.__name__ != "<lambda>" and "<locals>" not in value.__qualname__:
            self._write("function", f"{value.__module__}.{value.__qualname__}")
            return
        self._add_once(value, _Encoder._add_own_function)

    def _add_own_function(self, value: types.FunctionType) -> None:
        self.add(value.__code__)
        self._add_each("defaults", (value.__defaults__, value.__kwdefaults__))
        self._add_each("attributes", sorted(vars(value).items()))
        self._add_each("closure", (_cell_content(cell) for cell in value.__closure__ or ()))
        names = set(_names_used(value.__code__))
        for name in sorted(names.intersection(value.__globals__)):
            self._write("global", name)
            self.add(value.__globals__[name])
            self._add_uses(value.__globals__[name], names)
        for module in _modules_imported(value):
            self._write("import", module.__name__)
            self._add_uses(module, names)

    def _add_uses(self, module: Any, names: set[str]) -> None:
        """Add what a function may take from a module of the user's, such as functions that it calls there."""
        if isinstance(module, types.ModuleType) and not _is_from_a_library(module):
            for name in sorted(names.intersection(vars(module))):
                self._write("attribute", name)
                self.add(vars(module)[name])

    def _add_code(self, value: types.CodeType) -> None:
        self._write("code", value.co_code)
        self._write("handlers", value.co_exceptiontable)
        self._add_each("names", (value.co_names, value.co_varnames, value.co_freevars))
        collects = value.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS)
        self._add_each("arguments", (value.co_argcount, value.co_kwonlyargcount, collects))
        self._add_each("constants", value.co_consts)

    def _add_estimator(self, value: Any) -> None:
        self.add(type(value))
        if self._with_state or _keeps_its_state_when_cloned(value):
            outer, self._with_state = self._with_state, True
            self.add(vars(value))
            self._with_state = outer
            return
        params = value.get_params(deep=False)
        for name in sorted(set(params) - _irrelevant_params(type(value))):
            self._write("param", name)
            self.add(params[name])
        for name in ("_sklearn_output_config", "_metadata_request"):
            if name in vars(value):
                self._write("setting", name)
                self.add(vars(value)[name])

    def _add_reduced(self, value: Any) -> None:
        try:
            reduced = value.__reduce_ex__(4)
        except Exception as error:
            raise UnencodableError(f"{type(value).__module__}.{type(value).__qualname__}: {error}") from error
        self.add(type(value))
        if isinstance(reduced, str):
            self._write("global", f"{getattr(value, '__module__', None)}.{reduced}")
            return
        for part in reduced:
            self.add(list(part) if isinstance(part, Iterator) else part)


def _cell_content(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # the name is not bound yet, as in a function that refers to itself
        return None


def _member_content(member: Any) -> Any:
    if isinstance(member, classmethod | staticmethod):
        return member.__func__
    if isinstance(member, property):
        return (member.fget, member.fset)
    if isinstance(member, functools.cached_property):
        return member.func
    return member


def _names_used(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names_used(constant)


def _modules_imported(function: types.FunctionType) -> list[types.ModuleType]:
    """Return the modules of the user's that a function imports in its body; one that cannot be found is left out."""
    modules = []
    for name in sorted(set(_imports(function.__code__, function.__globals__.get("__package__") or ""))):
        with contextlib.suppress(Exception):  # whatever goes wrong, the fit itself will say so
            spec = importlib.util.find_spec(name)
            if (
                spec is not None
                and spec.origin
                and not spec.origin.startswith(("built-in", "frozen", *_library_folders()))
            ):
                modules.append(importlib.import_module(name))
    return modules


def _imports(code: types.CodeType, package: str) -> Iterator[str]:
    """Yield the full names of modules in the import statements of a piece of code."""
    before: list[dis.Instruction] = []
    for instruction in dis.get_instructions(code):
        if instruction.opname == "IMPORT_NAME":
            level = before[-2].argval if len(before) > 1 and isinstance(before[-2].argval, int) else 0
            with contextlib.suppress(ImportError):
                yield importlib.util.resolve_name("." * level + str(instruction.argval), package)
        before = [*before[-1:], instruction]
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _imports(constant, package)


def _irrelevant_params(estimator_class: type) -> frozenset[str]:
    return _IRRELEVANT_PARAMS if estimator_class.__module__.startswith("sklearn.") else frozenset()


def _is_pandas(value: Any) -> bool:
    package = type(value).__module__.partition(".")[0]
    return package == "pandas" and hasattr(value, "to_numpy") and hasattr(value, "iloc")


def _is_frozen_distribution(value: Any) -> bool:
    return hasattr(value, "rvs") and hasattr(value, "dist") and hasattr(value, "kwds")


def _keeps_its_state_when_cloned(estimator: Any) -> bool:
    """Say whether ``clone`` hands on more than the parameters, as it does for a FrozenEstimator."""
    own = getattr(type(estimator), "__sklearn_clone__", None)
    return own is not None and own is not getattr(BaseEstimator, "__sklearn_clone__", None)


_ENCODERS: tuple[tuple[Any, Callable[[_Encoder, Any], None]], ...] = (
    (enum.Enum, _Encoder._add_enum),
    (np.generic, _Encoder._add_numpy_scalar),
    (float, _Encoder._add_float),
    ((type(None), bool, int, complex, str, bytes, type(Ellipsis), range), _Encoder._add_scalar),
    (np.dtype, _Encoder._add_scalar),
    (np.ma.MaskedArray, _Encoder._add_masked_array),
    (np.ndarray, _Encoder._add_array),
    ((scipy.sparse.spmatrix, scipy.sparse.sparray), _Encoder._add_sparse),
    (dict, _Encoder._add_mapping),
    ((list, tuple), _Encoder._add_sequence),
    ((set, frozenset), _Encoder._add_set),
    (types.ModuleType, _Encoder._add_module),
    (np.random.RandomState, _Encoder._add_random_state),
    (functools.partial, _Encoder._add_partial),
    (types.MethodType, _Encoder._add_method),
    ((types.BuiltinFunctionType, np.ufunc), _Encoder._add_named),
    (type, _Encoder._add_class),
    (types.FunctionType, _Encoder._add_function),
    (types.CodeType, _Encoder._add_code),
)
