"""Settings of Keras and TensorFlow that change numbers: how they stand here, and in force for a while in a worker."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

_DEFAULTS: Mapping[str, Any] = {
    "floatx": "float32",
    "epsilon": 1e-7,
    "image_data_format": "channels_last",
    "max_epochs": None,
    "max_steps_per_epoch": None,
}
_BACKEND = "tensorflow"
_OF_THREADS = ("dtype_policy", "flash_attention")
"""Keras keeps these by thread: what one thread has set, another one does not see."""


def keras_settings() -> dict[str, Any]:
    """Return the settings that differ from their defaults; nothing where Keras has not been imported."""
    config = getattr(sys.modules.get("keras"), "config", None)
    if config is None:
        return {}
    found = {name: getattr(config, name)() for name in _DEFAULTS if hasattr(config, name)}
    found = {name: value for name, value in found.items() if value != _DEFAULTS[name]}
    if config.backend() != _BACKEND:
        found["backend"] = config.backend()
    return {**found, **_of_this_thread(), **_of_tensorflow()}


@contextmanager
def keras_settings_in_force(wanted: Mapping[str, Any]) -> Iterator[None]:
    """Let these settings, and else the defaults, hold for the whole process."""
    if not (wanted or "keras" in sys.modules):
        yield
        return
    config = importlib.import_module("keras").config
    with ExitStack() as undo:
        for name, default in _DEFAULTS.items():
            if hasattr(config, name):
                _put(undo, getattr(config, name), getattr(config, f"set_{name}"), wanted.get(name, default))
        for name, (ask, put, default) in _tensorflow_settings().items():
            _put(undo, ask, put, wanted.get(name, default))
        yield


@contextmanager
def keras_settings_in_this_thread(wanted: Mapping[str, Any]) -> Iterator[None]:
    """Let those settings that Keras keeps by thread hold for this one."""
    if not (wanted or "keras" in sys.modules):
        yield
        return
    keras = importlib.import_module("keras")
    state = _state()
    before = {name: state.get_global_attribute(name) for name in _OF_THREADS}
    policy = wanted.get("dtype_policy")
    floatx = wanted.get("floatx", _DEFAULTS["floatx"])
    new = keras.dtype_policies.DTypePolicy(floatx) if policy is None else keras.dtype_policies.deserialize(policy)
    state.set_global_attribute("dtype_policy", new)
    state.set_global_attribute("flash_attention", wanted.get("flash_attention"))
    try:
        yield
    finally:
        for name, value in before.items():
            _state().set_global_attribute(name, value)


def _put(undo: ExitStack, ask: Callable[[], Any], put: Callable[[Any], Any], value: Any) -> None:
    before = ask()
    if before != value:
        put(value)
        undo.callback(put, before)


def _of_this_thread() -> dict[str, Any]:
    """Return what differs; Keras' own function sets the policy where nobody has, which set_floatx no longer changes."""
    keras = sys.modules["keras"]
    found: dict[str, Any] = {}
    policy = _state().get_global_attribute("dtype_policy")
    if policy is not None and policy != keras.dtype_policies.DTypePolicy(keras.config.floatx()):
        found["dtype_policy"] = keras.dtype_policies.serialize(policy)
    flash_attention = _state().get_global_attribute("flash_attention")
    if flash_attention is not None:
        found["flash_attention"] = bool(flash_attention)
    return found


def _state() -> Any:
    """Return the module in which Keras keeps what it keeps by thread; there is no public way to only look at it."""
    return importlib.import_module("keras.src.backend.common.global_state")


def _of_tensorflow() -> dict[str, Any]:
    if "tensorflow" not in sys.modules:
        return {}
    found = {name: (ask(), default) for name, (ask, _, default) in _tensorflow_settings().items()}
    return {name: value for name, (value, default) in found.items() if value != default}


def _tensorflow_settings() -> dict[str, tuple[Callable[[], Any], Callable[[Any], Any], Any]]:
    """Return how to ask for each setting, how to set it, and its default."""
    if "tensorflow" not in sys.modules:
        return {}
    config = importlib.import_module("tensorflow").config
    private = importlib.import_module("tensorflow.python.framework.config")  # determinism can be asked for only there

    def set_determinism(value: bool) -> None:
        (private.enable_op_determinism if value else private.disable_op_determinism)()

    return {
        "op_determinism": (private.is_op_determinism_enabled, set_determinism, False),
        "run_functions_eagerly": (config.functions_run_eagerly, config.run_functions_eagerly, False),
        "tensor_float_32": (
            config.experimental.tensor_float_32_execution_enabled,
            config.experimental.enable_tensor_float_32_execution,
            True,
        ),
        "jit": (config.optimizer.get_jit, config.optimizer.set_jit, ""),
    }
