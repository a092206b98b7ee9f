"""Networks with names that Keras counts up: by hand, in searches without short cuts and with them, and on workers.

Nothing helps here by ``clear_session()``. A fit by hand has a thread of its own, in which Keras begins to count as it
does in a new process.
"""

import threading

import numpy as np
import pytest
from families._networks import branched, calls_in, deep, of_classes, recorder
from helpers import digest
from sklearn.base import clone
from sklearn.metrics import make_scorer
from sklearn.model_selection import KFold, ShuffleSplit
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from multisearch import EarlyStopping, MultiModelSearchCV
from multisearch.arguments import _prepare

CV = KFold(2)
HELD_BACK = ShuffleSplit(1, test_size=0.3, random_state=1)
PATIENCE = 2
NAMES = np.array(["low", "middle", "high"])


@pytest.fixture(autouse=True)
def no_checks(monkeypatch):
    """Keep the search from fitting anything twice, which callbacks would note."""
    monkeypatch.setattr(_prepare, "SHARE", 0.0)


@pytest.fixture(scope="module")
def rows():
    """Return X, y, classes and weights."""
    random = np.random.default_rng(3)
    X = random.normal(size=(140, 4)).astype("float32")
    y = (X[:, 0] * 3 + np.abs(X[:, 1]) + random.normal(scale=2.0, size=140)).astype("float32")
    return X, y, NAMES[np.digitize(y, [-1.5, 2.0])], random.uniform(0.3, 3.0, size=140)


def network(build, **params):
    from scikeras.wrappers import KerasClassifier, KerasRegressor

    fixed = {"loss": None, "epochs": 6, "batch_size": 16, "random_state": 0, "verbose": 0}
    return (KerasClassifier if build is of_classes else KerasRegressor)(build, **fixed | params)


CASES = {"several layers": (deep, {})}
MORE_CASES = {
    "two branches": (branched, {}),
    "classes": (of_classes, {}),
    "weights of classes": (of_classes, {"class_weight": {"low": 1.0, "middle": 3.0, "high": 0.5}}),
    "balanced classes": (of_classes, {"class_weight": "balanced"}),
    "weights of classes for Keras": (of_classes, {"fit__class_weight": {0: 1.0, 1: 3.0, 2: 0.5}}),
}
WEIGHTED = {"several layers", "two branches", "classes", "weights of classes"}
"""Keras takes weights of rows and of classes where scikeras has made one of both, but not from both sides."""

MONITORS = {deep: "mean_absolute_error", branched: "loss", of_classes: "sparse_categorical_accuracy"}


class ByHand(threading.Thread):
    """The fit of a Pipeline's two steps as scikeras' and Keras' own documentations have it."""

    def __init__(self, model, rows, fold, weights):
        super().__init__()
        self.model = clone(model)
        self.rows = rows
        self.fold = fold
        self.weights = weights
        self.found = None

    def run(self):
        X, y = self.rows
        train, test = self.fold
        kept, held = (train[part] for part in next(HELD_BACK.split(train)))
        scaler = StandardScaler().fit(X[kept])
        best = self.epochs(scaler, X, y, (kept, held))
        predict = self.model.predict_proba if hasattr(self.model, "predict_proba") else self.model.predict
        self.found = best, digest(None, predict(scaler.transform(X[test])))

    def epochs(self, scaler, X, y, parts):
        from keras.callbacks import EarlyStopping as Stopping

        kept, held = parts
        monitor = f"val_{MONITORS[self.model.model]}"
        mode = "max" if "accuracy" in monitor else "min"
        stop = Stopping(monitor=monitor, patience=PATIENCE, mode=mode, restore_best_weights=True)
        self.model.set_params(fit__callbacks=[stop])
        codes = y if y.dtype.kind == "f" else np.searchsorted(np.unique(y), y)
        validation = [scaler.transform(X[held]), codes[held]]
        weights = {}
        if self.weights is not None:
            weights["sample_weight"] = self.weights[kept]
            validation.append(self.weights[held])
        self.model.fit(scaler.transform(X[kept]), y[kept], validation_data=tuple(validation), **weights)
        return stop.best_epoch + 1


def by_hand(model, rows, weights):
    found = []
    for fold in CV.split(rows[0]):
        thread = ByHand(model, rows, fold, weights)
        thread.start()
        thread.join()
        found.append(thread.found)
    return found


def by_search(model, rows, weights, **arguments):
    pipeline = Pipeline([("scale", StandardScaler()), ("model", model)])
    search = MultiModelSearchCV(
        [("network", pipeline, {})],
        cv=CV,
        scoring=make_scorer(digest, response_method=["predict_proba", "predict"]),
        early_stopping=EarlyStopping(patience=PATIENCE, monitor=MONITORS[model.model], validation=HELD_BACK),
        refit=False,
        error_score="raise",
        **arguments,
    )
    table = search.fit(*rows, **({} if weights is None else {"sample_weight": weights})).cv_results_
    return [(int(table[f"split{i}_n_iterations"][0]), table[f"split{i}_test_score"][0]) for i in range(2)]


def count_on(n_layers=8):
    """Let Keras count up to where dense_9 and dense_10 sort the other way round, in this thread."""
    import keras

    for _ in range(n_layers):
        keras.layers.Dense(1)
    keras.metrics.SparseCategoricalAccuracy()
    keras.metrics.MeanAbsoluteError()


WHERE = [
    pytest.param({"scheduler": "inline"}, id="inline"),
    pytest.param({"scheduler": "local", "n_jobs": 2}, id="workers", marks=pytest.mark.slow),
]


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize(
    "case", ["several layers", *(pytest.param(case, marks=pytest.mark.slow) for case in MORE_CASES)]
)
def test_a_network_is_what_it_is_by_hand(case, where, rows):
    build, params = (CASES | MORE_CASES)[case]
    X, y, classes, weights = rows
    data = (X, classes if build is of_classes else y)
    weights = weights if case in WEIGHTED else None
    model = network(build, **params)
    expected = by_hand(model, data, weights)
    for optimize in (False, True):
        count_on()
        assert by_search(model, data, weights, optimize=optimize, **where) == expected, optimize
    assert len({found for _, found in expected}) == 2


@pytest.mark.slow
@pytest.mark.parametrize("where", WHERE)
def test_callbacks_of_the_users_are_called_as_often_in_the_same_order_and_with_the_same_logs(where, rows, tmp_path):
    X, y, _, weights = rows
    noted = {}
    for how in ("by hand", False, True):
        folder = tmp_path / str(how)
        folder.mkdir()
        model = network(deep, epochs=3, callbacks=[recorder(folder)])
        count_on()
        if how == "by hand":
            by_hand(model, (X, y), weights)
        else:
            by_search(model, (X, y), weights, optimize=how, **where)
        noted[how] = calls_in(folder)

    assert len(noted["by hand"]) == 4  # a training and a prediction in each fold
    assert any('["on_train_end", null, [["loss"' in calls for calls in noted["by hand"])
    assert noted[False] == noted["by hand"]
    assert noted[True] == noted["by hand"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras' own, of a learning rate
def test_keras_own_callbacks_write_the_same_logs_though_epochs_are_one_call(rows, tmp_path):
    import keras

    X, y, _, weights = rows
    logs = {}
    for how in ("by hand", False, True):
        written = tmp_path / f"{how}.csv"
        plateau = keras.callbacks.ReduceLROnPlateau(monitor="loss", patience=1, factor=0.5, min_delta=10.0)
        model = network(deep, callbacks=[plateau, keras.callbacks.CSVLogger(str(written), append=True)])
        if how == "by hand":
            by_hand(model, (X, y), weights)
        else:
            by_search(model, (X, y), weights, optimize=how)
        logs[how] = written.read_text()

    assert logs["by hand"].startswith("epoch,learning_rate,loss,")
    assert logs[False] == logs["by hand"]
    assert logs[True] == logs["by hand"]
