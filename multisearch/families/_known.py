"""Which classes are known to behave: a library's very own, by identity, with nothing of the user's inside.

A subclass is not known, whatever it inherits: it may do anything in its own way. Nor is an instance on which a method
was set, or one whose parameters hold a function or an object of somebody else's.
"""

from __future__ import annotations

import functools
import inspect
import random
import sys
from collections.abc import Collection, Iterable, Mapping
from functools import partial
from numbers import Integral
from pathlib import PurePath
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

import numpy as np
import scipy.sparse

_LIBRARIES = ("sklearn", "lightgbm", "xgboost", "catboost", "_catboost", "scikeras")
"""Whose classes unlock no rows, and say so where they cannot write into them; ``_catboost`` is a part of CatBoost."""

_DATA_LIBRARIES = ("numpy", "scipy", "pandas", "polars")
"""Whose arrays, frames, types and generators may be parameters."""

_PLAIN = frozenset({type(None), bool, int, float, complex, str, bytes, range, type(Ellipsis)})
_FUNCTIONS = (FunctionType, BuiltinFunctionType, MethodType, partial)


def is_exactly(thing: Any, package: str, *class_names: str) -> bool:
    """Say whether an object is of one of a package's own classes itself, with no method set on the object."""
    kind = type(thing)
    return (
        kind.__name__ in class_names
        and kind.__module__.partition(".")[0] == package
        and _is_own(kind, (package,))
        and has_its_class_methods(thing)
    )


def has_its_class_methods(thing: Any) -> bool:
    """Say whether what an object does is what its class says: no method was set on the object itself."""
    kinds = type(thing).__mro__
    for name, value in getattr(thing, "__dict__", {}).items():
        of_class = next((vars(kind)[name] for kind in kinds if name in vars(kind)), None)
        if callable(of_class) or hasattr(of_class, "__get__"):
            return False
        if isinstance(value, _FUNCTIONS) and not name.startswith("_") and not is_harmless(value):
            return False
    return True


def is_known(estimator: Any) -> bool:
    """Say whether an estimator, with everything in it, is of classes that are known to behave.

    A Pipeline or another composition is known if all its parts are. Functions of the user's make an estimator unknown,
    and so do those of libraries that are not listed here.
    """
    return _is_own(type(estimator), _LIBRARIES) and is_harmless(estimator)


def is_harmless(value: Any) -> bool:
    """Say whether a value is data, or of a known class: nothing in it is code of the user's."""
    return _is_harmless(value, set())


def _is_harmless(value: Any, seen: set[int]) -> bool:
    kind = type(value)
    if kind in _PLAIN or isinstance(value, np.generic):
        return True
    if id(value) in seen:
        return True
    seen.add(id(value))
    parts = _parts_of(value)
    if parts is not None:
        return _are_harmless(parts, seen)
    if isinstance(value, type):
        return value in _PLAIN or _is_own(value, (*_DATA_LIBRARIES, *_LIBRARIES))
    if isinstance(value, FunctionType):
        return _is_own(value, _LIBRARIES)
    return _is_data(value) or _is_harmless_object(value, seen)


def _parts_of(value: Any) -> Iterable[Any] | None:
    """Return what is in a container of Python's; None for anything else."""
    kind = type(value)
    if kind in {list, tuple, set, frozenset}:
        parts: Iterable[Any] = value
        return parts
    if kind is dict:
        return (*value, *value.values())
    return (value.start, value.stop, value.step) if kind is slice else None


def _is_harmless_object(value: Any, seen: set[int]) -> bool:
    if not _is_own(type(value), _LIBRARIES) or not has_its_class_methods(value):
        return False
    return _are_harmless(getattr(value, "__dict__", {}).values(), seen)


def _is_data(value: Any) -> bool:
    """Say whether a value is an array, a frame or a generator of a library's own."""
    kind = type(value)
    if kind is np.ndarray:
        return not value.dtype.hasobject or is_harmless(value.ravel().tolist())
    if isinstance(value, np.dtype | np.random.RandomState | np.random.Generator | random.Random):
        return _is_own(kind, ("numpy",))
    is_rows = scipy.sparse.issparse(value) or hasattr(value, "iloc") or kind.__module__.startswith("polars.")
    return is_rows and _is_own(kind, _DATA_LIBRARIES)


def _are_harmless(values: Iterable[Any], seen: set[int]) -> bool:
    """Judge many values; looking at their kinds first keeps a large vocabulary cheap."""
    values = list(values)
    if set(map(type, values)) <= _PLAIN:
        return True
    return all(_is_harmless(value, seen) for value in values)


def is_plain_data(value: Any) -> bool:
    """Say whether a value is numbers and words, alone, in a container or an array."""
    kind = type(value)
    if kind in _PLAIN or isinstance(value, np.generic):
        return True
    if kind in {list, tuple, set, frozenset}:
        return all(map(is_plain_data, value))
    if kind is dict:
        return all(map(is_plain_data, value)) and all(map(is_plain_data, value.values()))
    return kind is np.ndarray and not value.dtype.hasobject


def is_fixed_seed(value: Any) -> bool:
    """Say whether a seed is a whole number, which gives the same draws to every fit."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def sets_only(estimator: Any, params: Mapping[str, Any], harmless: Collection[str]) -> bool:
    """Say whether the parameters that differ from their defaults are among some, and all of these numbers and words.

    ``estimator`` is of a library's own class; what its constructor does not name is None by default.
    """
    defaults = _defaults(type(estimator))
    return all(
        is_plain_data(value) if name in harmless else _is_default(value, defaults.get(name))
        for name, value in params.items()
    )


def _is_default(value: Any, default: Any) -> bool:
    return value is default or (type(value) in _PLAIN and type(value) is type(default) and bool(value == default))


_known_defaults: dict[type, dict[str, Any]] = {}


def _defaults(kind: type) -> dict[str, Any]:
    if kind not in _known_defaults:
        parameters = inspect.signature(kind).parameters.values()
        defaults = {one.name: None if one.default is one.empty else one.default for one in parameters}
        _known_defaults[kind] = defaults
    return _known_defaults[kind]


def _is_own(thing: Any, packages: tuple[str, ...]) -> bool:
    """Say whether a class or function is what one of these packages has under its name, in a file of its own."""
    module_name = thing.__module__
    if not isinstance(module_name, str):
        return False
    root = module_name.partition(".")[0]
    package, module = sys.modules.get(root), sys.modules.get(module_name)
    if root not in packages or package is None or module is None:
        return False
    found: Any = module
    for name in thing.__qualname__.split("."):
        found = getattr(found, name, None)
    return found is thing and _lies_in(module, package)


def _lies_in(module: Any, package: Any) -> bool:
    file, root = getattr(module, "__file__", None), getattr(package, "__file__", None)
    return file is not None and root is not None and file.startswith(_folder_of(root))


@functools.cache
def _folder_of(file: str) -> str:
    return str(PurePath(file).parent)
