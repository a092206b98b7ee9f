"""Estimators that write down which rows they are given, into files, so that what workers do is known as well.

Rows are known by their numbers, which stand in the first column of X.
"""

import json
import uuid
from pathlib import Path

import numpy as np
from helpers import digest
from sklearn.base import BaseEstimator, TransformerMixin


def numbered(X):
    """Return X behind a column of row numbers."""
    return np.column_stack([np.arange(len(X), dtype=X.dtype), X])


def numbers_of(X):
    """Return the numbers of rows, as they stand in the first column."""
    return [int(number) for number in np.asarray(X)[:, 0]]


def note(folder, who, fitted, validated=()):
    """Write down the rows that a fit is given, and those that it may only validate on."""
    text = json.dumps({"who": who, "fitted": [*fitted], "validated": [*validated]})
    (Path(folder) / f"{uuid.uuid4().hex}.rows").write_text(text)


def noted(folder, who):
    """Return what was written down of one kind of fits: pairs of the rows that were fitted and validated on."""
    notes = [json.loads(file.read_text()) for file in Path(folder).glob("*.rows")]
    return [(frozenset(one["fitted"]), frozenset(one["validated"])) for one in notes if one["who"] == who]


class Witness(TransformerMixin, BaseEstimator):
    """Passes rows on, and writes down which it is fitted on."""

    def __init__(self, folder=None, number=0):
        self.folder = folder
        self.number = number

    def fit(self, X, y=None):
        note(self.folder, "step", numbers_of(X))
        self.fitted_ = True
        return self

    def transform(self, X):
        return X


def watched(model, folder):
    """Return a model of a subclass that writes down the rows its ``fit`` is given, for whatever purpose."""
    kind = type(model)

    class Watched(kind):
        def fit(self, X, y=None, sample_weight=None, **params):
            validated = [number for table in _tables(params) for number in numbers_of(table)]
            note(folder, "model", numbers_of(X), validated)
            return kind.fit(self, X, y, sample_weight=sample_weight, **params)

    return Watched(**model.get_params(deep=False))


def _tables(value):
    """Yield everything with rows and columns in the arguments of a ``fit``."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for part in value:
            yield from _tables(part)
    elif hasattr(value, "get_features"):  # a Pool of CatBoost's
        yield np.array(value.get_features())
    elif getattr(value, "ndim", 0) == 2:
        yield value


class PredictionsElsewhere:
    """A scorer that looks at no test row: it tells what the model predicts for rows of its own."""

    def __init__(self, rows):
        self.rows = rows

    def __call__(self, estimator, X, y):
        return digest(None, estimator.predict(self.rows))


def small_network(meta):
    """Build a network that learns something from rows of any size."""
    import keras

    network = keras.Sequential(
        [
            keras.Input((meta["n_features_in_"],)),
            keras.layers.BatchNormalization(),
            keras.layers.Dense(5, activation="relu", kernel_regularizer="l2"),
            keras.layers.Dense(1, kernel_regularizer="l1"),
        ]
    )
    network.compile(loss="mean_squared_error", optimizer=keras.optimizers.Adam(0.05))
    return network
