"""Networks that are traced once per process: a model of equal content trains in one, with its own weights."""

from __future__ import annotations

import json
import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from multisearch.families._keras_rows import undisturbed
from multisearch.families._keras_training import EpochFunctions

# Whose whole state is in the configuration and the variables, and whose call does nothing but trace
_LAYERS = frozenset(
    [
        *("InputLayer", "Dense", "Embedding", "Flatten", "Reshape", "Permute", "RepeatVector"),
        *("Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax"),
        *("Dropout", "GaussianNoise", "GaussianDropout", "SpatialDropout1D", "SpatialDropout2D"),
        *("BatchNormalization", "LayerNormalization", "UnitNormalization", "ActivityRegularization"),
        *("Concatenate", "Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"),
        *("Conv1D", "Conv2D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D"),
        *("MaxPooling1D", "MaxPooling2D", "AveragePooling1D", "AveragePooling2D"),
        *("GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalAveragePooling1D", "GlobalAveragePooling2D"),
    ]
)
_OPTIMIZERS = frozenset(["SGD", "RMSprop", "Adam", "AdamW", "Adagrad", "Adadelta", "Adamax", "Nadam", "Ftrl", "Lion"])
_MOST_NETWORKS = 6
_networks: OrderedDict[str, _Network] = OrderedDict()


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
        self._key: str | None = None
        self._network: _Network | None = None
        self._model: Any = None

    @contextmanager
    def network_for(self, model: Any, callbacks: Any, seed: int | None) -> Iterator[tuple[Any, EpochFunctions | None]]:
        """Yield what to train: a shared network with this model's state and its functions, or the model itself."""
        key = content_of(model) if self._network is None and _all_known(callbacks) else None
        network = None
        if key is not None:
            with undisturbed(seed):
                network = _networks.pop(key, None) or _new_network(model, key)
                model.optimizer.build(model.trainable_variables)
        if key is None or network is None or not _copied(model, network.model):
            yield model, None
            return
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


def content_of(model: Any) -> str | None:
    """Describe all that a model's traces depend on, but for the state of its variables; None where not all is known."""
    import keras

    given = _compiled_with(model)
    if given is None or keras.saving.get_custom_objects() or not _is_known_network(model) or not _all_known(given):
        return None
    network = {"class_name": type(model).__name__, "module": "keras", "config": model.get_config()}
    compiled = model.get_compile_config()
    settings = [keras.config.floatx(), keras.config.epsilon(), keras.config.image_data_format()]
    # Those of metrics are content: a history goes by them
    made_up = dict.fromkeys(_made_up_names([network, compiled.get("optimizer")]))
    # TensorFlow sums up in an order that goes by names: dense_10 comes before dense_9, and a last bit changes
    names = [layer.name for layer in model.layers]
    order = sorted(range(len(names)), key=names.__getitem__)
    content = [network, compiled, settings, order]
    described = _described(content, {name: f"#{number}" for number, name in enumerate(made_up)})
    return None if described is None else json.dumps(described, sort_keys=True)


def _compiled_with(model: Any) -> Mapping[str, Any] | None:
    """Return the arguments of ``compile``."""
    config = getattr(getattr(model, "_compile_config", None), "config", None)
    return config if isinstance(config, Mapping) else None


def _is_known_network(model: Any) -> bool:
    """Say whether a model is new, and made of parts of Keras' own whose configuration tells everything."""
    import keras

    optimizer = model.optimizer
    return (
        type(model).__module__.startswith("keras.")
        and type(model).__name__ in ("Sequential", "Functional")
        and bool(model.built)
        and len(model.outputs) == 1  # with more, a history goes by the names of layers
        and all(_is_one_of(keras.layers, _LAYERS, layer) for layer in model.layers)
        and _is_one_of(keras.optimizers, _OPTIMIZERS, optimizer)
        and not optimizer.built
        # Variables that are not to decay are kept beside the configuration
        and not any(name.startswith("_exclude_from_weight_decay") for name in vars(optimizer))
        and all(
            _is_from_keras(value)
            for part in (model, optimizer, *model.layers)
            for value in vars(part).values()
            if callable(value)
        )
    )


def _is_one_of(module: Any, names: frozenset[str], part: Any) -> bool:
    name = type(part).__name__
    return name in names and getattr(module, name, None) is type(part)


def _is_from_keras(value: Any) -> bool:
    return str(getattr(value, "__module__", "")).partition(".")[0] in ("keras", "multisearch")


def _all_known(given: Any) -> bool:
    """Say whether callbacks or arguments are Keras' and ours alone, down to the functions that they hold."""
    import tensorflow as tf

    def is_known(leaf: Any) -> bool:
        if leaf is None or isinstance(leaf, str | int | float):
            return True
        held = [] if isinstance(leaf, type) else getattr(leaf, "__dict__", {}).values()
        return _is_from_keras(leaf) and all(_is_from_keras(value) for value in held if callable(value))

    return all(is_known(leaf) for leaf in tf.nest.flatten(given))


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
    """Return a configuration with other names; None if it mentions what is not Keras' own or is no plain value."""
    if isinstance(content, str):
        return names.get(content, content)
    if content is None or isinstance(content, bool | int | float):
        return [content]
    if isinstance(content, list | tuple):
        items = [_described(item, names) for item in content]
        return None if None in items else items
    if not isinstance(content, Mapping) or not _is_of_keras(content):
        return None
    parts = {names.get(str(key), str(key)): _described(value, names) for key, value in content.items()}
    return None if None in parts.values() else parts


def _is_of_keras(config: Mapping[str, Any]) -> bool:
    """Say whether one serialized object is Keras' own; functions are looked at before."""
    if "class_name" not in config:
        return "module" not in config
    if config.get("class_name") == "function":
        return True
    return str(config.get("module")).partition(".")[0] == "keras" and config.get("registered_name") is None


def _new_network(model: Any, key: str) -> _Network | None:
    """Make a network of a model's content; None if it cannot be made again from that."""
    import keras
    import tensorflow as tf

    given = _compiled_with(model)
    if given is None:
        return None
    network = keras.models.clone_model(model)
    network.compile(**tf.nest.map_structure(_again, dict(given)))
    if content_of(network) != key:
        return None
    network.optimizer.build(network.trainable_variables)
    return _Network(network, EpochFunctions(network))


def _again(given: Any) -> Any:
    """Return an argument of ``compile`` for another model: optimizers and metrics have a state."""
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
