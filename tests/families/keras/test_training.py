import copy
import importlib
import pickle
from contextlib import nullcontext

import numpy as np
import pytest

from multisearch._records import StoppingRule
from multisearch.families import StoppingRows, TrainingRows
from multisearch.families.keras._family import KerasFamily
from multisearch.families.keras._rows import rows_of_fit
from multisearch.families.keras._training import suits

EPOCHS = 6


@pytest.fixture(scope="session")
def keras():
    """Import Keras, which takes seconds."""
    return importlib.import_module("keras")


@pytest.fixture(scope="session")
def wrappers(keras):
    import scikeras.wrappers

    return scikeras.wrappers


def with_tensorflows_noise(keras):
    """Return a layer of the user's own that draws from TensorFlow's stateful generator."""
    import tensorflow as tf

    class Noise(keras.layers.Layer):
        def call(self, inputs, training=False):
            return inputs + tf.random.normal(tf.shape(inputs), stddev=0.1) if training else inputs

    return Noise()


LAYERS = {
    "linear": lambda keras: [],
    "hidden": lambda keras: [keras.layers.Dense(7, activation="relu", activity_regularizer="l2")],
    "dropout": lambda keras: [keras.layers.Dense(9, activation="tanh"), keras.layers.Dropout(0.3, seed=4)],
    "unseeded dropout": lambda keras: [keras.layers.Dense(9), keras.layers.GaussianNoise(0.2)],
    "normalised": lambda keras: [keras.layers.Dense(8), keras.layers.BatchNormalization(), keras.layers.ReLU()],
    "own": lambda keras: [keras.layers.Dense(5), with_tensorflows_noise(keras)],
}
KNOWN = [*LAYERS][:-1]


def build(meta, compile_kwargs, layers=(), loss=None, decayed=False, compiled=None):
    """Build and compile a network of named layers, for any number of outputs."""
    import keras

    compiled = compiled or {}
    named = [layer for name in layers for layer in LAYERS[name](keras)]
    n_classes = meta.get("n_classes_", 0)
    last = keras.layers.Dense(max(n_classes, 1) if n_classes != 2 else 1, activation="sigmoid" if n_classes else None)
    network = keras.Sequential([keras.Input((meta["n_features_in_"],)), *named, last])
    if decayed:
        compile_kwargs["optimizer"].learning_rate = keras.optimizers.schedules.ExponentialDecay(0.05, 3, 0.9)
    network.compile(**compile_kwargs | compiled)
    return network


@pytest.fixture
def make(wrappers):
    def make(kind="KerasRegressor", **params):
        loss = {
            "KerasRegressor": "mean_squared_error",
            "KerasClassifier": "sparse_categorical_crossentropy",
        }[kind]
        fixed = {"loss": loss, "optimizer": "adam", "optimizer__learning_rate": 0.05, "epochs": EPOCHS}
        settings = fixed | {"batch_size": 16, "random_state": 0, "verbose": 0} | params
        return getattr(wrappers, kind)(build, **settings)

    return make


def fitted(model, training, stopping=None, *, fast=True, kept=False):
    """Fit a model with or without short cuts, with or without early stopping; return all that came out."""
    import keras

    keras.utils.clear_session()  # for equal names: they decide on the last bit, as dense_10 comes before dense_9
    family = KerasFamily()
    with family.accelerated(model, kept=kept) if fast else nullcontext():
        best = stopped = None
        if stopping is None:
            model.fit(training.X, training.y, **training.fit_params)
        else:
            rule = StoppingRule(2, 0.0, None, refit_iterations="mean", variant=1)
            stopped = family.fit_stopped(model, training, stopping, rule)
            best = stopped.n_iterations
        predicted = model.predict(training.X)
    network = model.model_
    state = [np.asarray(variable) for variable in (*network.weights, *network.optimizer.variables)]
    history = dict(model.history_)
    if stopped is not None:
        assert stopped.history == {name: history[name] for name in history if name.startswith("val_")}
        assert stopped.cap == model.get_params()["epochs"]
    return {"best": best, "history": history, "predicted": predicted, "state": state}


def assert_equal(found, expected):
    assert found["best"] == expected["best"]
    assert found["history"] == expected["history"]
    np.testing.assert_array_equal(found["predicted"], expected["predicted"])
    assert len(found["state"]) == len(expected["state"])
    for one, other in zip(found["state"], expected["state"], strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.fixture
def whole(monkeypatch):
    """Count the fits whose epochs were run at once."""
    from multisearch.families.keras._training import EpochFunctions

    counted = []
    fit = EpochFunctions.fit
    monkeypatch.setattr(EpochFunctions, "fit", lambda *args: (counted.append(1), fit(*args))[1])
    return counted


CASES = {
    "linear": {},
    "every layer": {"model__layers": [*KNOWN], "optimizer": "rmsprop", "metrics": ["mae"], "model__decayed": True},
}
MORE_CASES = {
    "momentum": {"model__layers": ["hidden"], "optimizer": "sgd", "optimizer__momentum": 0.9, "model__decayed": True},
    "dropout": {"model__layers": ["dropout", "unseeded dropout"], "optimizer": "rmsprop"},
    "normalised": {"model__layers": ["normalised"], "metrics": ["mae"], "optimizer__learning_rate": 0.01},
    "own order": {"shuffle": False, "model__layers": ["hidden"], "batch_size": 20},
    "mixed batches": {"fit__shuffle": "batch"},
    "averaged": {"optimizer__use_ema": True, "optimizer__ema_overwrite_frequency": 5, "optimizer": "nadam"},
}


@pytest.mark.parametrize("case", [*CASES, *(pytest.param(case, marks=pytest.mark.slow) for case in MORE_CASES)])
def test_an_epoch_at_once_gives_the_same_numbers(case, make, noisy, whole):
    params = (CASES | MORE_CASES)[case]
    expected = fitted(make(**params), *noisy, fast=False)

    assert_equal(fitted(make(**params), *noisy), expected)
    assert whole == [1]


@pytest.mark.parametrize("n_classes", [3, pytest.param(2, marks=pytest.mark.slow)])
def test_classifiers_come_out_the_same_with_weights_of_rows(n_classes, make, noisy, whole):
    training, stopping = noisy
    random = np.random.default_rng(0)
    edges = np.quantile(training.y, np.arange(1, n_classes) / n_classes)
    names = np.array(["low", "middle", "high"])
    rows = TrainingRows(
        training.X, names[np.digitize(training.y, edges)], {"sample_weight": random.uniform(0.5, 2, len(training.y))}
    )
    stop = StoppingRows(stopping.X, names[np.digitize(stopping.y, edges)], random.uniform(0.5, 2, len(stopping.y)))
    loss = "binary_crossentropy" if n_classes == 2 else "sparse_categorical_crossentropy"
    params = {"loss": loss, "metrics": ["accuracy"], "model__layers": ["hidden"]}
    expected = fitted(make("KerasClassifier", **params), rows, stop, fast=False)

    assert_equal(fitted(make("KerasClassifier", **params), rows, stop), expected)
    assert whole == [1]


@pytest.mark.parametrize(
    "params", [{"validation_split": 0.3, "fit__validation_batch_size": 8}, pytest.param({}, marks=pytest.mark.slow)]
)
def test_fits_without_early_stopping_come_out_the_same(params, make, noisy, whole):
    training, _ = noisy
    expected = fitted(make(**params), training, fast=False)

    assert_equal(fitted(make(**params), training), expected)
    assert whole == [1]


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras' own, when it is pickled
def test_a_kept_model_is_left_as_its_own_fit_leaves_it(make, noisy, whole):
    training, _ = noisy
    model, plain = make(metrics=["mae"]), make(metrics=["mae"])
    before = model.get_params()
    expected = fitted(plain, training, fast=False)

    assert_equal(fitted(model, training, kept=True), expected)
    assert whole == [1]
    assert set(vars(model)) == set(vars(plain))
    assert set(vars(model.model_)) == set(vars(plain.model_))
    assert model.get_params() == before
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(training.X), expected["predicted"])
    evaluated = model.model_.evaluate(training.X, training.y, batch_size=16, verbose=0)
    assert evaluated == plain.model_.evaluate(training.X, training.y, batch_size=16, verbose=0)
    model.partial_fit(training.X, training.y)
    plain.partial_fit(training.X, training.y)
    assert dict(model.history_) == dict(plain.history_)


@pytest.fixture
def make_curious(keras):
    """Make a callback of the user's that evaluates and predicts other rows at the end of every epoch."""

    class Curious(keras.callbacks.Callback):
        def __init__(self, X, y):
            super().__init__()
            self.rows = X, y
            self.seen = []

        def on_epoch_end(self, epoch, logs=None):
            X, y = self.rows
            loss = self.model.evaluate(X, y, batch_size=7, verbose=0)
            self.seen.append((loss, self.model.predict(X, verbose=0).sum(), self.params["steps"]))

    return Curious


def test_a_callback_of_the_users_evaluates_on_its_own_rows(make, make_curious, noisy, whole):
    training, stopping = noisy
    fast, plain = (make(callbacks=[make_curious(training.X[:30], training.y[:30])], epochs=3) for _ in range(2))
    expected = fitted(plain, training, stopping, fast=False)

    assert_equal(fitted(fast, training, stopping), expected)
    assert whole == []
    assert fast.callbacks[0].seen == plain.callbacks[0].seen


def test_a_callback_that_looks_at_batches_sees_each(keras, make, noisy, whole):
    training, _ = noisy
    batches = []
    watching = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: batches.append(batch))
    fitted(make(callbacks=watching, epochs=2), training)

    assert batches == [*range(7)] * 2
    assert whole == []


@pytest.mark.parametrize(
    "params",
    [
        {"run_eagerly": True, "epochs": 2},
        {"epochs": 1},
        {"model__compiled": {"steps_per_execution": 7}, "epochs": 2},
        {"fit__steps_per_epoch": 3, "epochs": 2},
        {"model__layers": ["own"], "epochs": 2},
    ],
)
def test_other_fits_are_keras_own(params, make, noisy, whole):
    model = make(**params)
    fitted(model, noisy[0])

    assert whole == []
    assert len(model.history_["loss"]) == model.epochs


def test_models_with_a_loop_of_their_own_keep_it(keras):
    class Own(keras.Sequential):
        def fit(self, *args, **kwargs):
            return super().fit(*args, **kwargs)

    models = [Own([keras.layers.Dense(1)]), keras.Sequential([keras.layers.Dense(1)])]
    for model in models:
        model.compile(loss="mean_squared_error")

    assert [suits(model) for model in models] == [False, True]
    models[1].train_step = lambda data: {}
    assert not suits(models[1])


def test_rows_that_are_no_array_or_come_in_another_order_every_time_are_left_to_keras(keras):
    import tensorflow as tf

    rows = {"x": np.zeros((8, 2)), "y": np.zeros(8), "shuffle": False}

    assert rows_of_fit(rows, None) is not None
    assert rows_of_fit(rows | {"x": tf.zeros((8, 2))}, None) is None
    assert rows_of_fit(rows | {"shuffle": True}, None) is None


def test_a_fit_that_fails_leaves_nothing_behind(make, noisy):
    training, stopping = noisy
    model = make(loss="no_loss")
    before = copy.copy(vars(model))
    with pytest.raises(ValueError, match="no_loss"):
        fitted(model, training, stopping)

    assert "_fit_keras_model" not in vars(model)
    assert before.keys() <= vars(model).keys()
