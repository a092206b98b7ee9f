"""How objects are written: by all of their state, or, where they are cloned, by their parameters."""

from __future__ import annotations

import copyreg
import ctypes
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import scipy.stats
from sklearn.base import BaseEstimator

from multisearch._fingerprint._origin import file_of, found_under, is_compiled, version_of
from multisearch._interrupts import raise_interrupt

if TYPE_CHECKING:
    from multisearch._fingerprint._encoder import Encoder

_IRRELEVANT_PARAMS = frozenset({"verbose", "memory", "n_jobs"})
"""Parameters of scikit-learn's classes that change no result; in anybody else's they may mean something else."""

_SETTINGS = ("_sklearn_output_config", "_metadata_request")
"""What ``clone`` hands on besides the parameters."""

_KERAS_SAVES = "_unpickle_model"
"""Marks classes of Keras, which pickle the time along; what they hold tells all about them."""

_MOST_OBJECTS = 30_000
"""More than any reasonable value holds; a network of TensorFlow's can lead to anything in the process."""

_USUAL_REDUCES: tuple[Any, ...] = tuple(base.__reduce__ for base in (object, set, frozenset, bytearray))
_UNTOUCHED = frozenset({type(None), bool, int, float, str})
_SCALARS: tuple[Any, ...] = (str, bytes, bytearray, int, float, complex)
_IN_ORDER: tuple[Any, ...] = (list, tuple)
_WITHOUT_ORDER: tuple[Any, ...] = (set, frozenset)


@dataclass(frozen=True, slots=True)
class Cloned:
    """Marks a value that is fitted only after scikit-learn's ``clone``: estimators in it count by their parameters.

    Everywhere else an estimator counts by its whole state, since whoever holds it may use what it has learnt.
    """

    value: Any


def add_cloned(encoder: Encoder, value: Cloned) -> None:
    """Go where ``clone`` goes: into estimators by their parameters, and into plain containers."""
    inside = value.value
    kind = type(inside)
    if kind is dict:
        encoder.add_each("dict", ((name, _cloned(one)) for name, one in inside.items()))
    elif kind in _IN_ORDER:
        encoder.add_each(kind.__name__, map(_cloned, inside))
    elif kind in _WITHOUT_ORDER:
        encoder.add_unordered(kind.__name__, map(_cloned, inside))
    elif hasattr(inside, "get_params") and not isinstance(inside, type):
        _add_parameters(encoder, inside)
    else:
        encoder.add(inside)


def _cloned(value: Any) -> Any:
    """Mark what cloning could change; this is done very often, and numbers and text are most of it."""
    return value if type(value) in _UNTOUCHED else Cloned(value)


def _add_parameters(encoder: Encoder, value: Any) -> None:
    if _keeps_its_state_when_cloned(value):
        encoder.add(value)
        return
    encoder.add(type(value))
    params = value.get_params(deep=False)
    for name in sorted(set(params) - _irrelevant_params(type(value))):
        encoder.write("param", name)
        encoder.add(_cloned(params[name]))
    for name in _SETTINGS:
        if name in vars(value):
            encoder.write("setting", name)
            encoder.add(vars(value)[name])


def _irrelevant_params(estimator_class: type) -> frozenset[str]:
    name, module = estimator_class.__qualname__, estimator_class.__module__
    is_sklearns = module.startswith("sklearn.") and found_under(module, name) is estimator_class
    return _IRRELEVANT_PARAMS if is_sklearns else frozenset()


def _keeps_its_state_when_cloned(estimator: Any) -> bool:
    """Say whether ``clone`` hands on more than the parameters, as it does for a FrozenEstimator."""
    own = getattr(type(estimator), "__sklearn_clone__", None)
    return own is not None and own is not getattr(BaseEstimator, "__sklearn_clone__", None)


def add_object(encoder: Encoder, value: Any) -> None:
    """Write an object of a class that is not known by kind: its class, what pickling keeps, and all that it holds.

    Pickling alone may leave something out, and what an object holds need not be all there is to it. A library's class
    that knows how to pickle what it holds outside of Python is trusted with that.
    """
    kind = type(value)
    is_trusted = False
    if not hasattr(kind, _KERAS_SAVES):
        reduced = _reduced(encoder, value)
        if isinstance(reduced, str):
            if _is_told_by_name(encoder, value, reduced):
                return
        elif _has_own_way_to_pickle(kind):
            encoder.add_each("reduced", (list(part) if isinstance(part, Iterator) else part for part in reduced))
            is_trusted = _is_a_librarys(encoder, kind)
        elif _method(kind, "__reduce__") is _method(object, "__reduce__"):
            encoder.add(reduced[1])
    encoder.add(kind)
    _add_contents(encoder, value)
    add_state(encoder, value, is_trusted=is_trusted)


def _is_a_librarys(encoder: Encoder, kind: type) -> bool:
    home = str(kind.__module__)
    is_found = found_under(home, kind.__qualname__) is kind
    return is_found and not encoder.keys.origin.is_users(home, file_of(sys.modules.get(home)))


def _reduced(encoder: Encoder, value: Any) -> Any:
    reduce: Callable[[Any], Any] | None = copyreg.dispatch_table.get(type(value))
    try:
        return value.__reduce_ex__(4) if reduce is None else reduce(value)
    except Exception as error:  # noqa: BLE001 - pickling runs whatever the object's class has for it
        raise_interrupt(error)
        encoder.refuse(value, error)


def _has_own_way_to_pickle(kind: type) -> bool:
    return (
        kind in copyreg.dispatch_table
        or _method(kind, "__reduce_ex__") is not object.__reduce_ex__
        or _method(kind, "__reduce__") not in _USUAL_REDUCES
        or _method(kind, "__getstate__") is not _method(object, "__getstate__")
    )


def _method(kind: type, name: str) -> Any:
    return getattr(kind, name, None)


def _is_told_by_name(encoder: Encoder, value: Any, name: str) -> bool:
    """Write where to find an object that pickling only names; say whether that tells all of it.

    It does for a library's; of the user's own, what it holds counts, and compiled code cannot be told at all.
    """
    module = str(getattr(value, "__module__", None))
    file = file_of(sys.modules.get(module))
    if found_under(module, name) is value and not encoder.keys.origin.is_users(module, file):
        encoder.write("library", f"{module}.{name} {version_of(module)}")
        return True
    if is_compiled(file) or is_compiled(file_of(sys.modules.get(str(type(value).__module__)))):
        encoder.refuse(value, f"{module}.{name} is compiled")
    encoder.write("global", f"{module}.{name}")
    return False


def _add_contents(encoder: Encoder, value: Any) -> None:
    """Write what a descendant of one of Python's own classes holds as such, which its own methods may hide."""
    for kind in _SCALARS:
        if issubclass(type(value), kind):
            encoder.write(kind.__name__, kind.__repr__(value))
    for kind in _IN_ORDER:
        if issubclass(type(value), kind):
            encoder.add_each(kind.__name__, kind.__iter__(value))
    for kind in _WITHOUT_ORDER:
        if issubclass(type(value), kind):
            encoder.add_unordered(kind.__name__, kind.__iter__(value))
    if issubclass(type(value), dict):
        encoder.add_each("dict", dict.items(value))


def add_state(encoder: Encoder, value: Any, *, is_trusted: bool = False) -> None:
    """Write the attributes of an object: those in its ``__dict__`` and those in slots.

    Parameters
    ----------
    encoder : Encoder
    value : object
    is_trusted : bool, default=False
        Leaves out handles of what is not Python's, since pickling has said what that is.
    """
    attributes = dict(getattr(value, "__dict__", None) or {})
    if attributes and next(encoder.n_objects) > _MOST_OBJECTS:
        encoder.refuse(value, f"it is one of more than {_MOST_OBJECTS} objects that hold each other")
    for base in type(value).__mro__:
        slots = vars(base).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else tuple(slots):
            mangled = (
                f"_{base.__name__.lstrip('_')}{name}" if name.startswith("__") and not name.endswith("__") else name
            )
            if name not in {"__dict__", "__weakref__"} and hasattr(value, mangled):
                attributes[f"{base.__qualname__}.{name}"] = getattr(value, mangled)
    encoder.write("attributes", str(len(attributes)))
    for name, attribute in attributes.items():
        encoder.write("attribute", str(name))
        if not (is_trusted and _is_outside_of_python(attribute)):
            encoder.add(attribute)


def _is_outside_of_python(value: Any) -> bool:
    return isinstance(value, ctypes._SimpleCData | ctypes._Pointer)  # noqa: SLF001 - the bases of all handles


class _FrozenDistributionKind(type):
    """Recognises scipy's distributions whose parameters are fixed."""

    def __instancecheck__(cls, value: object) -> bool:
        return hasattr(type(value), "rvs") and {"dist", "args", "kwds"} <= set(getattr(value, "__dict__", ()))


class FrozenDistribution(metaclass=_FrozenDistributionKind):
    """A distribution of scipy with its parameters."""


def add_distribution(encoder: Encoder, value: Any) -> None:
    """Write one of scipy's own by its name and arguments, since its state differs from process to process."""
    dist = value.dist
    kind: type = type(dist)
    if (
        type(getattr(scipy.stats, str(dist.name), None)) is not kind
        or type(value).__module__.partition(".")[0] != "scipy"
    ):
        add_object(encoder, value)
        return
    encoder.add(kind)
    encoder.add_each("distribution", (dist.name, value.args, value.kwds, getattr(dist, "shapes", None)))
    encoder.add_each("support", (getattr(dist, name, None) for name in ("a", "b", "badvalue")))
