"""Keras models: layers, losses, optimizers and callbacks, and tricks with layers that are built already."""

from dataclasses import dataclass

from fuzz._cases import Case, Entry
from fuzz._data import Data
from fuzz._searches import Judging
from hypothesis import strategies as st

LAYERS = {
    "dense": lambda keras, width: keras.layers.Dense(width, activation="relu"),
    "with regularizers": lambda keras, width: keras.layers.Dense(width, kernel_regularizer="l2", bias_regularizer="l1"),
    "with a constraint": lambda keras, width: keras.layers.Dense(width, kernel_constraint=keras.constraints.NonNeg()),
    "orthogonal": lambda keras, width: keras.layers.Dense(width, kernel_initializer="orthogonal"),
    "prelu": lambda keras, width: keras.layers.PReLU(),
    "dropout": lambda keras, width: keras.layers.Dropout(0.1 + width / 20),
    "noise": lambda keras, width: keras.layers.GaussianNoise(width / 10),
    "batch normalization": lambda keras, width: keras.layers.BatchNormalization(momentum=1 - width / 10),
    "layer normalization": lambda keras, width: keras.layers.LayerNormalization(),
    "lambda": lambda keras, width: keras.layers.Lambda(lambda rows: rows * width),
    "penalty": lambda keras, width: keras.layers.ActivityRegularization(l2=width / 100),
}

LOSSES = {
    "mse": lambda keras, delta: "mse",
    "mae": lambda keras, delta: "mae",
    "huber": lambda keras, delta: keras.losses.Huber(delta),
    "log cosh": lambda keras, delta: keras.losses.LogCosh(),
    "own": lambda keras, delta: lambda y, predicted: keras.ops.mean((y - predicted) ** 2) * delta,
}

OPTIMIZERS = {
    "sgd": lambda keras, delta: keras.optimizers.SGD(delta / 20, momentum=0.5),
    "adam": lambda keras, delta: keras.optimizers.Adam(delta / 10, amsgrad=True),
    "clipped": lambda keras, delta: keras.optimizers.RMSprop(0.05, clipnorm=delta / 10),
    "averaged": lambda keras, delta: keras.optimizers.Adam(0.05, use_ema=True, ema_momentum=delta / 3),
    "decaying": lambda keras, delta: keras.optimizers.AdamW(
        keras.optimizers.schedules.ExponentialDecay(0.1, 2, delta / 3)
    ),
}


def _constrained(keras, layer, width):
    layer.kernel.constraint = keras.constraints.NonNeg()


def _regularized(keras, layer, width):
    layer.kernel.regularizer = keras.regularizers.L2(width / 10)


def _by_attribute(keras, layer, width):
    layer.kernel_regularizer = keras.regularizers.L2(width / 10)


def _frozen(keras, layer, width):
    layer.trainable = False


TRICKS = {
    "none": lambda keras, layer, width: None,
    "constraint of a variable": _constrained,
    "regularizer of a variable": _regularized,
    "regularizer of a built layer": _by_attribute,
    "frozen": _frozen,
}


def _stopper(when):
    import keras

    class Stops(keras.callbacks.Callback):
        pass

    def stop(self, *_, **__):
        self.model.stop_training = True

    setattr(Stops, when, stop)
    return Stops()


CALLBACKS = {
    "none": lambda: None,
    "at the beginning": lambda: [_stopper("on_train_begin")],
    "before an epoch": lambda: [_stopper("on_epoch_begin")],
    "after an epoch": lambda: [_stopper("on_epoch_end")],
    "after a batch": lambda: [_stopper("on_train_batch_end")],
}


def _made(meta, recipe, trick, loss, width, delta):
    import keras

    network = keras.Sequential([keras.Input((meta["n_features_in_"],))])
    for place, kind in enumerate(recipe.layers):
        layer = LAYERS[kind](keras, width)
        layer.name = f"layer{place}"  # counted names decide on the last bit
        network.add(layer)
    last = keras.layers.Dense(1, name="last")
    network.add(last)
    TRICKS[trick](keras, last, width)
    network.compile(loss=LOSSES[loss](keras, delta), optimizer=OPTIMIZERS[recipe.optimizer](keras, delta))
    return network


@dataclass(frozen=True)
class Network:
    """A recipe for a KerasRegressor with routed parameters ``width`` and ``delta``."""

    layers: tuple = ("dense",)
    loss: str = "mse"
    optimizer: str = "sgd"
    trick: str = "none"
    callbacks: str = "none"

    def build(self, number):
        from scikeras.wrappers import KerasRegressor

        return KerasRegressor(
            _made,
            model__recipe=self,
            model__loss=self.loss,
            model__trick=self.trick,
            model__width=3,
            model__delta=1.0,
            callbacks=CALLBACKS[self.callbacks](),
            epochs=3,
            batch_size=8,
            random_state=0,
            verbose=0,
        )


@st.composite
def network_cases(draw):
    """Draw a case with one or two Keras models."""
    models = st.builds(
        Network,
        layers=st.lists(st.sampled_from(sorted(LAYERS)), max_size=3).map(tuple),
        loss=st.sampled_from(sorted(LOSSES)),
        optimizer=st.sampled_from(sorted(OPTIMIZERS)),
        trick=st.sampled_from(["none", *sorted(TRICKS)]),
        callbacks=st.sampled_from(["none", "none", *sorted(CALLBACKS)]),
    )
    values = {
        "model__delta": st.just([0.3, 2.0]),
        "model__width": st.just([2, 5]),
        "model__trick": st.lists(st.sampled_from(sorted(TRICKS)), min_size=2, max_size=2),
        "model__loss": st.lists(st.sampled_from(sorted(LOSSES)), min_size=2, max_size=2),
        "epochs": st.just([1, 3]),
        "batch_size": st.just([5, 16]),
        "random_state": st.just([0, 1]),
    }
    chosen = draw(st.lists(st.sampled_from(sorted(values)), min_size=1, max_size=2, unique=True))
    space = {name: draw(values[name]) for name in chosen}
    judging = Judging(scoring="r2", stopping=draw(st.sampled_from([None, None, "inner", "fold"])))
    data = Data(draw(st.sampled_from(["float64", "float32"])), "regression", weighted=draw(st.booleans()))
    return Case(data, (Entry("network", (), draw(models), space),), judging)
