"""Keras models behind scikeras: early stopping on validation data, epochs, TensorFlow's threads."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from sklearn.base import clone
from sklearn.utils import check_array

from multisearch._records import StoppingRule
from multisearch.families._base import Family, Stopped, StoppingRows, TrainingRows, derives_from
from multisearch.families.keras._callbacks import monitor_check
from multisearch.families.keras._content import has_own_methods
from multisearch.families.keras._names import names_counted_anew
from multisearch.families.keras._reuse import Loan
from multisearch.families.keras._settings import (
    keras_settings,
    keras_settings_in_force,
    keras_settings_in_this_thread,
)
from multisearch.families.keras._training import whole_epochs

_ONE_AT_A_TIME = threading.RLock()


class KerasFamily(Family):
    """Models that derive from scikeras' ``BaseWrapper``."""

    name: str = "scikeras"
    extra: str | None = "keras"
    stands_on: tuple[str, ...] = ("keras", "tensorflow")
    stops_early: bool = True
    stopping_params: tuple[str, ...] = ("validation_data",)

    def handles(self, estimator: Any) -> bool:
        return derives_from(estimator, "scikeras", "BaseWrapper")

    def require(self) -> None:
        importlib.import_module("tensorflow")
        importlib.import_module("scikeras")

    def fit_stopped(self, estimator: Any, rows: TrainingRows, stopping: StoppingRows, rule: StoppingRule) -> Stopped:
        import keras

        monitor = rule.monitor or "loss"
        monitor = monitor if monitor.startswith("val_") else f"val_{monitor}"
        stop = keras.callbacks.EarlyStopping(
            monitor=monitor, min_delta=rule.min_delta, patience=rule.patience, restore_best_weights=True
        )
        check = monitor_check(stop)
        callbacks = estimator.get_params().get("fit__callbacks")
        estimator.set_params(fit__callbacks=_with_callbacks(callbacks, check, stop))
        try:
            estimator.fit(rows.X, rows.y, validation_data=_encoded(estimator, rows, stopping), **dict(rows.fit_params))
        finally:
            if callbacks is None:
                del estimator.fit__callbacks
            else:
                estimator.set_params(fit__callbacks=callbacks)
        return Stopped(int(stop.best_epoch) + 1, check.history, check.n_epochs)

    def set_iterations(self, estimator: Any, n_iterations: int) -> None:
        names = {"epochs", "fit__epochs"} & set(estimator.get_params())
        estimator.set_params(**dict.fromkeys(names, n_iterations))

    @contextmanager
    def accelerated(self, estimator: Any, *, kept: bool) -> Iterator[set[str]]:
        """Run epochs at once, and trace one network for all models of equal content, unless the model is kept.

        Only for scikeras' own two classes: what derives from them may train in a way of its own.
        """
        taken: set[str] = set()
        if not _is_scikerass_own(estimator):
            yield taken
            return
        loan = Loan()
        train = estimator._fit_keras_model  # noqa: SLF001 - the one method around Keras' fit, with the model built

        def fit_keras_model(*args: Any, **kwargs: Any) -> None:
            del vars(estimator)["_fit_keras_model"]
            seed = getattr(estimator, "_random_state", None)
            with whole_epochs(estimator.model_, seed, None if kept else loan.network_for) as epochs:
                try:
                    train(*args, **kwargs)
                finally:
                    taken.update(epochs, loan.taken)

        # scikeras takes attributes for parameters, unless they start with an underscore
        vars(estimator)["_fit_keras_model"] = fit_keras_model
        try:
            yield taken
        finally:
            vars(estimator).pop("_fit_keras_model", None)
            loan.give_back()

    def as_if_new(self) -> AbstractContextManager[None]:
        return names_counted_anew()

    def settings(self) -> Mapping[str, Any]:
        return keras_settings()

    def settings_in_force(self, settings: Mapping[str, Any]) -> AbstractContextManager[None]:
        return keras_settings_in_force(settings)

    def settings_in_this_thread(self, settings: Mapping[str, Any]) -> AbstractContextManager[None]:
        return keras_settings_in_this_thread(settings)

    @contextmanager
    def native_threads(self, estimator: Any, limit: int | None) -> Iterator[None]:
        """TensorFlow's threads are set once per process, before its first operation; Keras' seeds are per process too.

        Seeds mix up when several threads of a process train at once, so that they take turns.
        """
        with _ONE_AT_A_TIME:
            if limit is not None:
                _limit_tensorflow(limit)
            yield


def _is_scikerass_own(estimator: Any) -> bool:
    """Say whether scikeras' own code alone trains this model: by its exact class, and without methods of its own."""
    from scikeras.wrappers import KerasClassifier, KerasRegressor

    return type(estimator) in (KerasClassifier, KerasRegressor) and not has_own_methods(estimator)


def _limit_tensorflow(limit: int) -> None:
    import tensorflow as tf

    if tf.config.threading.get_intra_op_parallelism_threads() == limit:
        return
    try:
        tf.config.threading.set_intra_op_parallelism_threads(limit)
        tf.config.threading.set_inter_op_parallelism_threads(limit)
    except RuntimeError:  # TensorFlow is at work in this process already, with the threads that its owner gave it
        return


def _with_callbacks(callbacks: Any, *more: Any) -> Any:
    """Add callbacks behind the user's, which keep the names or positions by which scikeras gives them parameters."""
    if isinstance(callbacks, Mapping):
        return {**callbacks, **{f"of the search {number}": one for number, one in enumerate(more)}}
    if callbacks is None:
        return [*more]
    return [*callbacks, *more] if isinstance(callbacks, list | tuple) else [callbacks, *more]


def _encoded(estimator: Any, rows: TrainingRows, stopping: StoppingRows) -> tuple[Any, ...]:
    """Pass the stopping rows through the encoders that scikeras will fit: Keras sees them without scikeras' help."""
    encoders = clone(estimator)
    vars(encoders)["_build_keras_model"] = lambda: None  # building it again would take longer than all the rest here
    vars(encoders)["_initialize_callbacks"] = lambda: None  # the user's are made once for each fit
    encoders.initialize(rows.X, rows.y)
    X = check_array(stopping.X, dtype=encoders.X_dtype_, accept_sparse=True, allow_nd=True)
    y = check_array(stopping.y, dtype=None, ensure_2d=False)
    encoded = (encoders.feature_encoder_.transform(X), encoders.target_encoder_.transform(y))
    return encoded if stopping.sample_weight is None else (*encoded, stopping.sample_weight)
