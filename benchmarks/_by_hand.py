"""One evaluation of the tournament by hand, as a careful user would write it; workers import it from here."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sklearn.base import clone
from sklearn.metrics import r2_score


@dataclass(frozen=True, slots=True)
class Evaluated:
    """The score of the test rows, the seconds that it took, and those of them spent on encoding."""

    score: float
    seconds: float
    encoding: float


@dataclass(frozen=True, slots=True)
class ByHand:
    """A pipeline with its setting, how its model is fitted, and the rows.

    The steps before the model are a pipeline of their own, so that the pipeline's ``memory`` is used for them.
    """

    pipeline: Any
    fit_model: Callable[..., None]
    train: Any
    stopping: Any
    test: Any

    def evaluate(self, X: Any, y: Any) -> Evaluated:
        """Fit with early stopping, and score."""
        start = time.perf_counter()
        preparation = clone(self.pipeline).set_params(model="passthrough")
        X_train = preparation.fit_transform(X.iloc[self.train], y[self.train])
        X_stop, X_test = (preparation.transform(X.iloc[some]) for some in (self.stopping, self.test))
        encoding = time.perf_counter() - start
        model = self.pipeline.named_steps["model"]
        self.fit_model(model, X_train, y[self.train], X_stop, y[self.stopping])
        score = float(r2_score(y[self.test], model.predict(X_test)))
        return Evaluated(score, time.perf_counter() - start, encoding)


def fit_lightgbm(rule: Any, model: Any, X: Any, y: Any, X_stop: Any, y_stop: Any) -> None:
    """Fit LightGBM until the stopping rows gain no more."""
    import lightgbm

    stop = lightgbm.early_stopping(rule.patience, verbose=False, min_delta=rule.min_delta)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The argument 'eval_set' is deprecated")
        model.fit(X, y, eval_set=[(X_stop, y_stop)], callbacks=[stop])


def fit_keras(rule: Any, model: Any, X: Any, y: Any, X_stop: Any, y_stop: Any) -> None:
    """Fit Keras until the stopping rows gain no more."""
    import keras

    stop = keras.callbacks.EarlyStopping(
        monitor="val_loss", min_delta=rule.min_delta, patience=rule.patience, restore_best_weights=True
    )
    model.set_params(callbacks=[stop]).fit(X, y, validation_data=(X_stop, y_stop))


FIT_BY_HAND: Mapping[str, Callable[..., None]] = {"lightgbm": fit_lightgbm, "keras": fit_keras}
