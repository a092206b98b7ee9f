"""Searches over Keras models, to the bit what they are without short cuts."""

import numpy as np
import pytest
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from multisearch import EarlyStopping, MultiModelSearchCV
from multisearch.families.keras import _classes, _reuse
from multisearch.families.keras._training import EpochFunctions

pytestmark = pytest.mark.slow  # fuzz/test_found.py has the shortest of these


@pytest.fixture(scope="module")
def rows():
    random = np.random.default_rng(3)
    X = random.normal(size=(90, 4)).astype("float32")
    return X, (X[:, 0] * 3 + np.abs(X[:, 1]) + random.normal(scale=2.0, size=90)).astype("float32")


@pytest.fixture
def short_cuts(monkeypatch):
    """Start without shared networks; count the fits whose epochs ran at once, and show the networks that are kept."""
    counted = []
    fit = EpochFunctions.fit
    monkeypatch.setattr(EpochFunctions, "fit", lambda *args: (counted.append(1), fit(*args))[1])
    monkeypatch.setattr(_reuse, "_networks", type(_reuse._networks)())
    return counted, _reuse._networks


def scores_of(build, space, rows, *, optimize, **settings):
    from scikeras.wrappers import KerasRegressor

    fixed = {"loss": None, "epochs": 3, "batch_size": 16, "random_state": 0, "verbose": 0}
    early_stopping, cv = settings.pop("early_stopping", None), settings.pop("cv", 2)
    model = KerasRegressor(build, **fixed | settings)
    pipeline = Pipeline([("scale", StandardScaler()), ("model", model)])
    search = MultiModelSearchCV(
        [("keras", pipeline, {f"model__{name}": values for name, values in space.items()})],
        cv=cv,
        random_state=0,
        refit=False,
        error_score="raise",
        optimize=optimize,
        early_stopping=early_stopping,
    )
    search.fit(*rows)
    return np.array([search.cv_results_[f"split{fold}_test_score"] for fold in range(cv)])


def assert_same_and_all_different(build, space, rows, **settings):
    fast = scores_of(build, space, rows, optimize=True, **settings)
    plain = scores_of(build, space, rows, optimize=False, **settings)

    np.testing.assert_array_equal(fast, plain)
    assert len(np.unique(plain[0])) == plain.shape[1]


def network(*layers, loss="mean_squared_error"):
    import keras

    # Names of their own, since TensorFlow sums in an order that goes by them
    model = keras.Sequential([keras.Input((4,)), *layers, keras.layers.Dense(1, name="last")], name="network")
    model.compile(loss=loss, optimizer=keras.optimizers.Adam(0.1, name="optimizer"))
    return model


def with_huber(delta=1.0):
    import keras

    return network(keras.layers.Dense(5, activation="relu", name="hidden"), loss=keras.losses.Huber(delta))


def test_a_loss_whose_configuration_leaves_its_argument_out(rows, short_cuts):
    assert_same_and_all_different(with_huber, {"model__delta": [0.1, 10.0]}, rows)

    counted, networks = short_cuts
    assert counted == [1] * 4
    assert len(networks) == 2


def with_later_change(change="none"):
    import keras

    hidden = keras.layers.Dense(5, activation="relu", name="hidden")
    model = network(hidden)
    if change == "constraint":
        hidden.kernel.constraint = keras.constraints.NonNeg()
    elif change == "regularizer":
        hidden.kernel.regularizer = keras.regularizers.L2(0.5)
    elif change == "no effect":
        hidden.kernel_regularizer = keras.regularizers.L2(0.5)
    return model


def test_constraints_and_regularizers_that_come_after_a_layer_is_built(rows, short_cuts):
    changes = ["none", "constraint", "regularizer", "no effect"]
    fast = scores_of(with_later_change, {"model__change": changes}, rows, optimize=True)
    plain = scores_of(with_later_change, {"model__change": changes}, rows, optimize=False)

    np.testing.assert_array_equal(fast, plain)
    assert plain[0, 0] == plain[0, 3]
    assert len(np.unique(plain[0])) == 3
    assert short_cuts[0] == [1] * 8


def callback_of(when, act):
    import keras

    class Acting(keras.callbacks.Callback):
        pass

    setattr(Acting, when, lambda self, *args, **kwargs: act(self.model))
    return Acting()


def stop(model):
    model.stop_training = True


def forget_more(model):
    model.layers[1].rate = 0.9


def with_dropout():
    import keras

    return network(
        keras.layers.Dense(9, activation="relu", name="hidden"), keras.layers.Dropout(0.1, seed=1, name="dropout")
    )


@pytest.mark.parametrize("when", ["on_train_begin", "on_epoch_begin"])
def test_callbacks_that_stop_at_other_moments_or_change_what_will_be_traced(when, rows, short_cuts):
    callbacks = [[], [callback_of(when, stop)], [callback_of(when, forget_more)]]
    space = {"callbacks": callbacks}
    fast = scores_of(with_dropout, space, rows, optimize=True)
    plain = scores_of(with_dropout, space, rows, optimize=False)

    np.testing.assert_array_equal(fast, plain)
    assert plain[0, 0] != plain[0, 1]
    assert plain[0, 0] != plain[0, 2]
    assert short_cuts[0] == [1] * 2


def deep(layers=3, width=6, rate=0.2):
    """Build a network of several regularised layers, all with names that Keras counts up."""
    import keras

    hidden = [
        layer
        for _ in range(layers)
        for layer in (
            keras.layers.Dense(width, kernel_regularizer=keras.regularizers.L1L2(0.01, 0.02), bias_regularizer="l2"),
            keras.layers.BatchNormalization(gamma_regularizer="l2"),
            keras.layers.ReLU(),
            keras.layers.Dropout(rate),
        )
    ]
    model = keras.Sequential([keras.Input((4,)), *hidden, keras.layers.Dense(1, activity_regularizer="l2")])
    model.compile(loss="mean_squared_error", optimizer="adam", metrics=["mae"])
    return model


def branched(width=6):
    """Build a network in which two branches meet."""
    import keras

    inputs = keras.Input((4,))
    one = keras.layers.Dense(width, activation="tanh", kernel_regularizer="l2")(inputs)
    other = keras.layers.Dense(width, activation="relu", kernel_regularizer="l1")(inputs)
    model = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Add()([one, other])))
    model.compile(loss="mean_squared_error", optimizer="rmsprop")
    return model


@pytest.mark.parametrize(
    ("build", "before", "settings"),
    [(deep, 4, {"early_stopping": EarlyStopping(patience=2)}), (branched, 5, {"epochs": 5})],
)
def test_networks_of_several_layers_are_one_whatever_keras_has_counted(build, before, settings, rows, short_cuts):
    import keras

    def scores(*, optimize):
        # dense_9 and dense_10 sort the other way round; in a fit there are neither
        keras.utils.clear_session()
        for _ in range(before):
            keras.layers.Dense(1)
        return scores_of(build, {}, rows, optimize=optimize, cv=3, **settings)

    np.testing.assert_array_equal(scores(optimize=True), scores(optimize=False))
    counted, networks = short_cuts
    assert counted == [1] * 3
    assert len(networks) == 1


SHAPES = {"flat": (24,), "sequence": (6, 4), "image": (4, 3, 2)}


def of_all_layers(shape="flat"):
    """Build a network of every layer that is listed and takes rows of this shape."""
    import keras

    layers = keras.layers
    alike = [layers.Identity(), layers.Activation("tanh"), layers.LeakyReLU(), layers.ELU(), layers.PReLU()]
    alike += [layers.GaussianNoise(0.1), layers.GaussianDropout(0.1), layers.AlphaDropout(0.1), layers.Dropout(0.1)]
    alike += [layers.BatchNormalization(), layers.LayerNormalization(), layers.GroupNormalization(1)]
    alike += [layers.UnitNormalization(), layers.ActivityRegularization(0.01, 0.02), layers.ReLU(3.0)]
    given = {"kernel_regularizer": "l2", "kernel_constraint": "max_norm", "activity_regularizer": "l1"}
    parts = {"depthwise_regularizer": "l2", "pointwise_regularizer": "l1"}
    first = {
        "flat": [layers.Dense(24, **given), layers.RepeatVector(2), layers.Permute((2, 1)), layers.Flatten()],
        "sequence": [
            layers.Conv1D(4, 2, padding="same", **given),
            layers.SpatialDropout1D(0.1),
            layers.SeparableConv1D(4, 2, padding="same", **parts),
            layers.MaxPooling1D(2, padding="same"),
            layers.AveragePooling1D(2, padding="same"),
        ],
        "image": [
            layers.Conv2D(3, 2, padding="same", **given),
            layers.DepthwiseConv2D(2, padding="same", depthwise_constraint="non_neg"),
            layers.SeparableConv2D(3, 2, padding="same", **parts),
            layers.SpatialDropout2D(0.1),
            layers.MaxPooling2D(2, padding="same"),
            layers.AveragePooling2D(2, padding="same"),
        ],
    }[shape]
    inputs = keras.Input((4,))
    values = layers.Reshape(SHAPES[shape])(layers.Dense(24)(inputs))
    for layer in (*first, *alike):
        values = layer(values)
    merging = [layers.Add, layers.Subtract, layers.Multiply, layers.Average, layers.Maximum, layers.Minimum]
    values = layers.Concatenate()([one()([values, layers.Softmax()(values)]) for one in merging])
    if shape != "flat":
        size = "1D" if shape == "sequence" else "2D"
        pools = [getattr(layers, f"Global{kind}Pooling{size}")()(values) for kind in ("Max", "Average")]
        values = layers.Concatenate()(pools)
    model = keras.Model(inputs, layers.Dense(1)(values))
    model.compile(loss="mean_squared_error", optimizer=keras.optimizers.SGD(0.01, momentum=0.9))
    return model


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_every_layer_that_is_listed_comes_out_the_same(shape, rows, short_cuts):
    import keras

    def scores(*, optimize):
        keras.utils.clear_session()
        return scores_of(of_all_layers, {}, rows, optimize=optimize, model__shape=shape)

    np.testing.assert_array_equal(scores(optimize=True), scores(optimize=False))
    assert short_cuts[0] == [1] * 2


def test_every_layer_that_is_listed_is_among_them():
    used = {type(layer) for shape in SHAPES for layer in of_all_layers(shape).layers}

    assert {layer.__name__ for layer in _classes.layers() - used} == {"Embedding"}
