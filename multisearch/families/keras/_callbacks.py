"""Callbacks that are known to look at whole epochs only, and to change nothing that a network is traced from."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from multisearch.families.keras import _classes
from multisearch.families.keras._content import content_of_value, has_own_methods


def look_at_whole_epochs(callbacks: Any) -> bool:
    """Say whether callbacks, in any structure, are known by their exact classes, and hold nothing but plain values."""
    import tensorflow as tf

    return all(_is_known(callback) for callback in tf.nest.flatten(callbacks if callbacks is not None else []))


def monitor_check(stop: Any) -> Any:
    """Return a callback that finds the monitor of Keras' ``EarlyStopping`` by any name of its metric.

    Parameters
    ----------
    stop : keras.callbacks.EarlyStopping
        The callback whose ``monitor`` is put right at the end of the first epoch; it comes after this one.

    Returns
    -------
    keras.callbacks.Callback
        It raises ValueError for a mistyped metric, where Keras would warn and never stop. ``history`` is what it has
        seen, the metrics on validation rows by epoch, and ``n_epochs`` how many epochs there might be.
    """
    return _monitor_check_class()(stop)


def _is_known(callback: Any) -> bool:
    if type(callback) is _monitor_check_class():
        return _is_known(callback.stop)
    return (
        type(callback) in _classes.callbacks()
        and not has_own_methods(callback)
        and content_of_value(callback) is not None
    )


@lru_cache(maxsize=1)
def _monitor_check_class() -> Any:
    """Make the class when Keras is imported anyway."""
    import keras

    class MonitorCheck(keras.callbacks.Callback):
        """Put the name of the monitored metric right, or end the training; keep what epochs have come to."""

        def __init__(self, stop: Any) -> None:
            super().__init__()
            self.stop = stop
            self.history: dict[str, list[float]] = {}
            self.n_epochs: int | None = None

        def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
            if self.n_epochs is None and self.params:  # a training may begin at a later epoch than the first
                self.n_epochs = self.params["epochs"] - epoch
            logs = logs or {}
            self.stop.monitor = _name_in_logs(self.stop.monitor, logs)
            for name, value in logs.items():
                if name.startswith("val_"):
                    self.history.setdefault(name, []).append(float(value))

    return MonitorCheck


def _name_in_logs(monitor: str, logs: Mapping[str, float]) -> str:
    known = {_full_name(name): name for name in logs if name.startswith("val_")}
    if monitor in known.values():
        return monitor
    if _full_name(monitor) not in known:
        raise ValueError(
            f"monitor={monitor.removeprefix('val_')!r} is no metric of this Keras model, which has "
            f"{sorted(name.removeprefix('val_') for name in known.values())}; "
            "name one of these in EarlyStopping, or add it to the model's metrics"
        )
    return known[_full_name(monitor)]


def _full_name(metric: str) -> str:
    """Return a metric's long name (``mean_absolute_error`` for ``mae``): scikeras reports some under that."""
    from scikeras.utils import metric_name

    try:
        return str(metric_name(metric.removeprefix("val_")))
    except ValueError:  # a metric of the user's own, or the loss
        return metric.removeprefix("val_")
