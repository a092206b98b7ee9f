"""What a compiled Keras model is made of, told from its live objects; no description where one of them is not known."""

from __future__ import annotations

import enum
import inspect
import sys
import types
from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Any

import numpy as np

from multisearch.families.keras import _classes

_PLAIN = (type(None), bool, int, float, complex, str, bytes)
_LIBRARIES = frozenset(["keras", "scikeras", "tensorflow", "numpy", "builtins", "abc", "functools", "enum", "optree"])


def live_content(model: Any) -> Hashable | None:
    """Describe a model by all attributes of all objects that it is made of, down to its variables' regularisers.

    Parameters
    ----------
    model : keras.Model
        A model, compiled or not.

    Returns
    -------
    hashable or None
        Equal for two models only where nothing but the values of their variables, names that stand in their
        configurations and bookkeeping tells them apart. None where the model has, anywhere, an object of a class that
        is not listed in `_classes`, a function that is not Keras' own, or a value of another kind.
    """
    return content_of_value(model) if type(model) in _classes.models() else None


def content_of_value(value: Any) -> Hashable | None:
    """Describe a value of any kind; None where it is not known."""
    try:
        return _Description().of(value)
    except _UnknownError:
        return None


def has_own_methods(thing: Any) -> bool:
    """Say whether an object stands, in its attributes, in place of a method of its class."""
    return any(callable(getattr(type(thing), name, None)) for name in vars(thing))


def is_kerass_own(function: Any) -> bool:
    """Say whether something is what Keras itself has under its name: the very function, not one dressed up as it."""
    module = str(getattr(function, "__module__", None))
    return module.partition(".")[0] == "keras" and _is_reached(module, function)


def surroundings() -> Hashable | None:
    """Describe the settings of Keras and TensorFlow that decide what is traced; None where one cannot be told."""
    import keras
    import tensorflow as tf

    asked = [name for name in sorted(dir(keras.config)) if not name.startswith(("_", "set_", "enable_", "disable_"))]
    settings = {name: getattr(keras.config, name)() for name in asked}
    deterministic = _classes.named("tensorflow.python.framework.config", "is_op_determinism_enabled")
    settings["deterministic"] = deterministic() if deterministic is not None else deterministic
    settings["tensor float"] = tf.config.experimental.tensor_float_32_execution_enabled()
    settings["optimizer"] = [tf.config.optimizer.get_jit(), tf.config.optimizer.get_experimental_options()]
    settings["device"] = tf.zeros(()).device
    return content_of_value(settings)


class _UnknownError(Exception):
    """Something is not known; whatever holds it has no description."""


class _Description:
    """One walk through live objects; what is met again is told by its number."""

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}
        self._checked: set[type] = set()

    def of(self, value: Any) -> Hashable:
        """Return what a value is, in nested tuples of text; raise where that cannot be told."""
        kind = type(value)
        if kind in _PLAIN:
            return kind.__name__, repr(value)
        container = _classes.containers().get(kind)
        if container is not None:
            return container, *self._items(container, value)
        if kind in _classes.ignored_attributes():
            return self._of_object(value)
        for kinds, describe in _simple_kinds():
            if isinstance(value, kinds):
                return describe(value)
        raise _UnknownError(kind)

    def _items(self, container: str, values: Any) -> list[Hashable]:
        if container == "dict":
            return [(self.of(key), self.of(value)) for key, value in values.items()]
        items = [self.of(value) for value in values]
        return sorted(items, key=repr) if container == "set" else items

    def _of_object(self, thing: Any) -> Hashable:
        """Describe an object of a known class by all of its attributes but those that are bookkeeping."""
        if type(thing) not in _classes.values():
            if id(thing) in self._numbers:
                return "seen", str(self._numbers[id(thing)])
            self._numbers[id(thing)] = len(self._numbers)
        self._check_class(type(thing))
        told = [(name, self._of_attribute(thing, name, value)) for name, value in sorted(vars(thing).items())]
        return type(thing).__qualname__, *((name, content) for name, content in told if content is not None)

    def _of_attribute(self, thing: Any, name: str, value: Any) -> Hashable | None:
        """Return what an attribute says about an object; None where it is known to say nothing."""
        import keras

        kind = type(thing)
        if name.startswith("_self_") or name in _classes.ignored_attributes()[kind]:
            return None  # the former are TensorFlow's, for checkpoints
        if kind in _classes.variables() and name == "_value":
            return _of_state(value)
        is_layer = isinstance(thing, keras.Layer)
        if is_layer and name.endswith("_initializer"):
            return None  # used up when the layer was built, and in the configuration
        if is_layer and _wraps_method(thing, name, value):
            return None
        if kind in _classes.compiled() and _names_a_custom_object(value):
            raise _UnknownError(value)
        return self.of(value)

    def _check_class(self, kind: type) -> None:
        """Raise where somebody has put a function of another making into a class of Keras'."""
        for base in set(kind.__mro__) - self._checked:
            if any(not _is_of_libraries(member) for member in vars(base).values()):
                raise _UnknownError(base)
            self._checked.add(base)


@lru_cache(maxsize=1)
def _simple_kinds() -> list[tuple[Any, Callable[[Any], Hashable]]]:
    """Return how other values than objects of Keras' are described; each raises where a value is not quite its kind."""
    import tensorflow as tf

    return [
        (types.FunctionType, _of_function),
        (np.ufunc, _of_function),
        (np.ndarray, _of_array),
        (np.generic, _of_array),
        (type(tf.constant(0)), _of_tensor),
        (types.ModuleType, _of_module),
        (enum.Enum, _of_choice),
        (inspect.Signature, lambda signature: ("signature", str(signature))),
        (tf.distribute.Strategy, _of_strategy),
    ]


def _of_function(function: Any) -> Hashable:
    module = str(getattr(function, "__module__", None) or "numpy")
    if module.partition(".")[0] not in ("keras", "numpy") or not _is_reached(module, function):
        raise _UnknownError(function)
    return "function", module, str(getattr(function, "__qualname__", function.__name__))


def _of_array(array: Any) -> Hashable:
    if type(array).__module__ != "numpy" or array.dtype.hasobject:
        raise _UnknownError(array)
    return "array", repr(array.dtype), repr(array.shape), array.tobytes()


def _of_tensor(tensor: Any) -> Hashable:
    return "tensor", _of_array(np.asarray(tensor))


def _of_module(module: types.ModuleType) -> Hashable:
    if module.__name__.partition(".")[0] != "keras" or sys.modules.get(module.__name__) is not module:
        raise _UnknownError(module)
    return "module", module.__name__


def _of_choice(choice: enum.Enum) -> Hashable:
    if not is_kerass_own(type(choice)):
        raise _UnknownError(choice)
    return "choice", type(choice).__qualname__, choice.name


def _of_strategy(strategy: Any) -> Hashable:
    import tensorflow as tf

    if tf.distribute.has_strategy() or strategy is not tf.distribute.get_strategy():
        raise _UnknownError(strategy)
    return ("no strategy",)


def _of_state(value: Any) -> Hashable:
    """Describe TensorFlow's variable behind one of Keras', but for its value."""
    told = (value.dtype, value.shape, value.trainable, value.aggregation, value.synchronization)
    return type(value).__qualname__, *(repr(one) for one in told)


def _wraps_method(layer: Any, name: str, value: Any) -> bool:
    """Say whether this is what Keras itself puts around a method when it makes a layer."""
    import keras

    method = getattr(value, "__wrapped__", None)
    return (
        isinstance(value, types.FunctionType)
        and value.__code__ in keras.Layer.__new__.__code__.co_consts
        and getattr(method, "__self__", None) is layer
        and getattr(method, "__func__", None) is getattr(type(layer), name, None)
    )


def _names_a_custom_object(value: Any) -> bool:
    """Say whether a name in the arguments of ``compile`` would be taken for an object of the user's."""
    import keras
    import tensorflow as tf

    names = [leaf for leaf in tf.nest.flatten(value) if isinstance(leaf, str)]
    return any(keras.saving.get_registered_object(name) is not None for name in names)


def _is_reached(module: str, thing: Any) -> bool:
    return _classes.named(module, str(getattr(thing, "__qualname__", thing.__name__))) is thing


def _is_of_libraries(member: Any) -> bool:
    """Say whether a member of a class is no function, or one written in the libraries below Keras' classes."""
    functions = [member.fget, member.fset] if isinstance(member, property) else [getattr(member, "__func__", member)]
    return all(
        not callable(function) or isinstance(function, type) or _written_in(function).partition(".")[0] in _LIBRARIES
        for function in functions
    )


def _written_in(function: Any) -> str:
    # A decorator may dress a function up as another, but not its globals
    if isinstance(function, types.FunctionType):
        return str(function.__globals__.get("__name__"))
    return str(getattr(function, "__module__", None) or type(function).__module__)
