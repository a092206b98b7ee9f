"""Networks with names that Keras counts up, and a callback that notes its calls."""

import json
import uuid
from functools import cache
from pathlib import Path


def deep(meta, width=6):
    """Build several layers, each with weights of the loss, without a name of its own."""
    import keras

    hidden = [
        layer
        for _ in range(3)
        for layer in (
            keras.layers.Dense(width, kernel_regularizer=keras.regularizers.L1L2(0.01, 0.02), bias_regularizer="l2"),
            keras.layers.BatchNormalization(gamma_regularizer="l2"),
            keras.layers.ReLU(),
            keras.layers.Dropout(0.2),
        )
    ]
    last = keras.layers.Dense(1, activity_regularizer="l2")
    network = keras.Sequential([keras.Input((meta["n_features_in_"],)), *hidden, last])
    network.compile(loss="mean_squared_error", optimizer="adam", metrics=[keras.metrics.MeanAbsoluteError()])
    return network


def branched(meta, width=6):
    """Build a functional network of two regularised branches that meet."""
    import keras

    inputs = keras.Input((meta["n_features_in_"],))
    one = keras.layers.Dense(width, activation="tanh", kernel_regularizer="l2")(inputs)
    one = keras.layers.Dense(width, activation="tanh", kernel_regularizer="l1")(one)
    other = keras.layers.Dense(width, activation="relu", kernel_regularizer="l1", bias_regularizer="l2")(inputs)
    both = keras.layers.Concatenate()([keras.layers.Add()([one, other]), keras.layers.Dropout(0.1)(other)])
    network = keras.Model(inputs, keras.layers.Dense(1)(both))
    network.compile(loss="mean_squared_error", optimizer="rmsprop")
    return network


def of_classes(meta, width=6):
    """Build a classifier whose metric Keras names by counting, too."""
    import keras

    hidden = [
        layer
        for _ in range(2)
        for layer in (keras.layers.Dense(width, activation="relu", kernel_regularizer="l2"), keras.layers.Dropout(0.1))
    ]
    last = keras.layers.Dense(meta["n_classes_"], activation="softmax", kernel_regularizer="l1")
    network = keras.Sequential([keras.Input((meta["n_features_in_"],)), *hidden, last])
    metric = keras.metrics.SparseCategoricalAccuracy()
    network.compile(loss="sparse_categorical_crossentropy", optimizer="adam", weighted_metrics=[metric])
    return network


@cache
def _recorder_class():
    """Make the class when Keras is imported anyway."""
    import keras

    class Recorder(keras.callbacks.Callback):
        """Writes every call into a file of one line per call, one file per training and per prediction."""

        def __init__(self, folder):
            super().__init__()
            self.folder = folder
            self.file = None

        def write(self, hook, at, logs):
            if hook in {"on_train_begin", "on_predict_begin"}:
                self.file = Path(self.folder) / f"{uuid.uuid4().hex}.calls"
            told = {name: float(value).hex() for name, value in (logs or {}).items() if name != "outputs"}
            with self.file.open("a") as file:
                file.write(json.dumps([hook, at, [*told.items()]]) + "\n")

    def noting(hook, has_number):
        if has_number:
            return lambda self, at, logs=None: self.write(hook, at, logs)
        return lambda self, logs=None: self.write(hook, None, logs)

    for when in ("begin", "end"):
        for phase in ("train", "test", "predict"):
            setattr(Recorder, f"on_{phase}_{when}", noting(f"on_{phase}_{when}", has_number=False))
            setattr(Recorder, f"on_{phase}_batch_{when}", noting(f"on_{phase}_batch_{when}", has_number=True))
        setattr(Recorder, f"on_epoch_{when}", noting(f"on_epoch_{when}", has_number=True))
    return Recorder


def recorder(folder):
    """Return a callback of the user's that notes each of its calls, with its logs to the bit, in a folder."""
    return _recorder_class()(str(folder))


def calls_in(folder):
    """Return what recorders have noted, one text per training and per prediction, in an order of its own."""
    return sorted(file.read_text() for file in Path(folder).glob("*.calls"))
