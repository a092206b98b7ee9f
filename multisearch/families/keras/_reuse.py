"""Networks that are traced once per process: a model of equal content trains in one, with its own weights."""

from __future__ import annotations

import copy
import json
import re
from collections import OrderedDict
from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from multisearch._records import KERAS_NETWORKS
from multisearch.families.keras import _classes
from multisearch.families.keras._content import live_content, surroundings
from multisearch.families.keras._rows import undisturbed
from multisearch.families.keras._training import EpochFunctions

_MOST_NETWORKS = 6
_MOST_REFUSALS = 100
_networks: OrderedDict[Hashable, _Network] = OrderedDict()
_refused: OrderedDict[Hashable, None] = OrderedDict()
"""What no network could be made of, so that it is not tried again for every model."""


@dataclass(frozen=True, slots=True)
class _Network:
    """A model of nobody's, kept for what TensorFlow has traced for it."""

    model: Any
    functions: EpochFunctions


class Loan:
    """What one fit borrows: it trains and predicts in a shared network, and has its state in its own model after.

    Nobody else gets the network before `give_back`.
    """

    def __init__(self) -> None:
        self.taken: set[str] = set()
        """Holds `KERAS_NETWORKS` once the network is one that was traced for another model."""
        self._key: Hashable | None = None
        self._network: _Network | None = None
        self._model: Any = None

    @contextmanager
    def network_for(self, model: Any, seed: int | None) -> Iterator[tuple[Any, EpochFunctions | None]]:
        """Yield what to train: a shared network with this model's state and its functions, or the model itself."""
        # Where nothing is to be trained Keras never builds the optimizer, and some fail for that
        key = content_of(model) if self._network is None and model.trainable_variables else None
        known = key is not None and key in _networks
        network = None
        if key is not None:
            with undisturbed(seed):
                network = _networks.pop(key, None) or _new_network(model, key)
                model.optimizer.build(model.trainable_variables)
        if key is None or network is None or not _copied(model, network.model):
            yield model, None
            return
        if known:
            self.taken.add(KERAS_NETWORKS)
        # A network whose training fails is not seen again
        yield network.model, network.functions
        _copied(network.model, model)
        network.model.make_predict_function()
        model.predict_function = network.model.predict_function
        self._key, self._network, self._model = key, network, model

    def give_back(self) -> None:
        """Let others have the network; the model is traced for itself if it ever predicts again."""
        if self._network is None or self._key is None:
            return
        self._model.predict_function = None
        _networks[self._key] = self._network
        self._key = self._network = self._model = None
        while len(_networks) > _MOST_NETWORKS:
            _networks.popitem(last=False)


def content_of(model: Any) -> Hashable | None:
    """Describe all that a model's traces depend on, but for the state of its variables; None where not all is known.

    That is its live objects, since a configuration may leave something out; its configuration, which tells what calls
    what and which names a user gave; the order of its names; and the settings around it.
    """
    if not _is_new(model):
        return None
    live, settings = live_content(model), surroundings()
    if live is None or settings is None:
        return None
    network = {"class_name": type(model).__name__, "module": "keras", "config": model.get_config()}
    compiled = model.get_compile_config()
    # Those of metrics are content: a history goes by them
    made_up = dict.fromkeys(_made_up_names([network, compiled.get("optimizer")]))
    described = _described([network, compiled], {name: f"#{number}" for number, name in enumerate(made_up)})
    if described is None:
        return None
    return live, settings, _order_of_names(model), json.dumps(described, sort_keys=True)


def _is_new(model: Any) -> bool:
    """Say whether a model is of one output and known layers, built and compiled but never trained."""
    return (
        type(model) in _classes.models()
        and isinstance(_compiled_with(model), Mapping)
        and bool(model.built)
        and len(model.outputs) == 1  # with more, a history goes by the names of layers
        and all(type(layer) in _classes.layers() for layer in model.layers)
        and type(model.optimizer) in _classes.optimizers()
        and not model.optimizer.built
    )


def _compiled_with(model: Any) -> Any:
    """Return the arguments of ``compile``."""
    return getattr(getattr(model, "_compile_config", None), "config", None)


def _order_of_names(model: Any) -> tuple[int, ...]:
    """Return how a model's names sort: TensorFlow sums in an order that goes by them, and a last bit changes.

    So dense_10 comes before dense_9, whatever is made of the names elsewhere. States of generators are whole numbers.
    """
    import keras

    floats = [variable.path for variable in model.variables if keras.backend.is_float_dtype(variable.dtype)]
    names = [*(part.name for part in (model, model.optimizer, *model.layers)), *floats]
    return tuple(sorted(range(len(names)), key=names.__getitem__))


def _made_up_names(config: Any) -> Iterator[str]:
    """Yield the names that Keras has made up by counting; others are content, since losses may go by them."""
    if isinstance(config, Mapping):
        parts = config.get("config")
        name = parts.get("name") if isinstance(parts, Mapping) else None
        words = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", str(config.get("class_name")))
        base = re.sub(r"([a-z])([A-Z])", r"\1_\2", words).lower()
        if isinstance(name, str) and re.fullmatch(re.escape(base) + r"(_\d+)?", name):
            yield name
        for part in config.values():
            yield from _made_up_names(part)
    elif isinstance(config, list | tuple):
        for part in config:
            yield from _made_up_names(part)


def _described(content: Any, names: Mapping[str, str]) -> Any:
    """Return a configuration with other names; None if it holds what is no plain value."""
    if isinstance(content, str):
        return names.get(content, content)
    if content is None or isinstance(content, bool | int | float):
        return [content]
    if isinstance(content, list | tuple):
        items = [_described(item, names) for item in content]
        return None if None in items else items
    if not isinstance(content, Mapping):
        return None
    parts = {str(key): _described(value, names) for key, value in content.items()}
    return None if None in parts.values() else parts


def _new_network(model: Any, key: Hashable) -> _Network | None:
    """Make a network of a model's content; None if it cannot be made again from that."""
    import keras
    import tensorflow as tf

    if key in _refused:
        return None
    is_sequential = type(model) is keras.Sequential
    # A clone of another kind has inputs of other names
    network = keras.models.clone_model(model) if is_sequential else type(model).from_config(model.get_config())
    network.compile(**tf.nest.map_structure(_again, dict(_compiled_with(model))))
    if content_of(network) != key:
        _refused[key] = None
        while len(_refused) > _MOST_REFUSALS:
            _refused.popitem(last=False)
        return None
    network.optimizer.build(network.trainable_variables)
    return _Network(network, EpochFunctions(network))


def _again(given: Any) -> Any:
    """Return an argument of ``compile`` for another model: optimizers and metrics have a state, losses have none."""
    import keras

    if isinstance(given, keras.losses.Loss):
        # Not by its configuration, which may leave something out, as Keras' own copies do
        again = object.__new__(type(given))
        vars(again).update({name: copy.deepcopy(value) for name, value in vars(given).items()})
        return again
    return type(given).from_config(given.get_config()) if hasattr(type(given), "from_config") else given


def _copied(model: Any, other: Any) -> bool:
    """Give a model's state to another; return False where the two differ in more than that."""
    pairs = list(zip(_variables(model), _variables(other), strict=False))
    if len(pairs) != len(_variables(model)) or len(pairs) != len(_variables(other)):
        return False
    if any(one.shape != another.shape or one.dtype != another.dtype for one, another in pairs):
        return False
    for one, another in pairs:
        another.assign(one)
    return True


def _variables(model: Any) -> list[Any]:
    return [*(variable for layer in model.layers for variable in layer.variables), *model.optimizer.variables]
