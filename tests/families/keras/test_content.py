import functools
import importlib

import pytest

from multisearch.families.keras._content import live_content, surroundings
from multisearch.families.keras._reuse import content_of


@pytest.fixture(scope="session")
def keras():
    """Import Keras, which takes seconds."""
    return importlib.import_module("keras")


def compiled(*layers, loss="mean_squared_error", optimizer="sgd", metrics=None):
    import keras

    network = keras.Sequential([keras.Input((4,)), *layers])
    network.compile(loss=loss, optimizer=optimizer, metrics=metrics)
    return network


def test_what_is_done_to_variables_after_a_layer_is_built_tells_models_apart(keras):
    def changed(change):
        model = compiled(keras.layers.Dense(2, name="hidden"))
        change(model.layers[0])
        return content_of(model)

    changes = [
        lambda layer: None,
        lambda layer: setattr(layer.kernel, "constraint", keras.constraints.NonNeg()),
        lambda layer: setattr(layer.kernel, "regularizer", keras.regularizers.L2(0.5)),
        lambda layer: setattr(layer.kernel, "regularizer", keras.regularizers.L2(0.25)),
        lambda layer: setattr(layer, "kernel_regularizer", keras.regularizers.L2(0.5)),
        lambda layer: setattr(layer.kernel, "trainable", False),
        lambda layer: setattr(layer, "trainable", False),
        lambda layer: setattr(layer, "activation", keras.activations.tanh),
    ]
    contents = [changed(change) for change in changes]

    assert None not in contents
    assert len(set(contents)) == len(changes)
    assert contents == [changed(change) for change in changes]


def tanh(values):
    """Activate like no function of this name."""
    return values * 2


def test_what_is_not_known_by_exact_class_or_by_name_is_not_told(keras):
    class Layer(keras.layers.Dense):
        pass

    class Loss(keras.losses.Huber):
        pass

    class Penalty(keras.regularizers.L2):
        pass

    class Ignoring(dict):
        pass

    dressed_up = functools.wraps(keras.activations.tanh)(lambda values: values * 2)
    dense = keras.layers.Dense
    models = [
        compiled(Layer(2)),
        compiled(dense(2, activation=tanh)),
        compiled(dense(2, activation=dressed_up)),
        compiled(dense(2), loss=Loss()),
        compiled(dense(2), loss=lambda y, predicted: keras.ops.mean(y - predicted)),
        compiled(dense(2, kernel_regularizer=Penalty(0.1))),
        compiled(dense(2), optimizer=keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD())),
    ]
    patched = compiled(dense(2))
    patched.layers[0].call = tanh
    odd = compiled(dense(2))
    vars(odd.layers[0])["odd"] = Ignoring()

    assert [live_content(model) for model in (*models, patched, odd)] == [None] * 9


def test_a_class_of_kerass_that_somebody_has_changed_is_not_known(keras, monkeypatch):
    model = compiled(keras.layers.Dropout(0.5))
    assert live_content(model) is not None

    @functools.wraps(keras.layers.Dropout.call)
    def call(self, inputs, training=False):
        return inputs

    monkeypatch.setattr(keras.layers.Dropout, "call", call)
    assert live_content(model) is None


def test_a_name_that_means_an_object_of_the_users_is_not_known(keras):
    model = compiled(keras.layers.Dense(2), metrics=["mae"])
    assert live_content(model) is not None
    with keras.saving.custom_object_scope({"mae": tanh}):
        assert live_content(model) is None


def test_settings_of_keras_and_tensorflow_are_content(keras):
    import tensorflow as tf

    model = compiled(keras.layers.Dense(2, dtype="float32"))
    before = content_of(model)
    changes = {
        "set_floatx": ("float64", keras.config.floatx()),
        "set_epsilon": (1e-3, keras.config.epsilon()),
        "set_image_data_format": ("channels_first", keras.config.image_data_format()),
        "set_dtype_policy": ("mixed_float16", keras.config.dtype_policy()),
    }
    for name, (other, own) in changes.items():
        getattr(keras.config, name)(other)
        changed = content_of(model)
        getattr(keras.config, name)(own)
        assert changed != before, name
    tf.config.optimizer.set_experimental_options({"remapping": False})
    changed = surroundings()
    tf.config.optimizer.set_experimental_options({"remapping": True})

    assert changed != surroundings()
    assert before is not None


def test_a_network_without_input_is_told_as_one_with_it(keras):
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile(loss="mean_squared_error")

    assert live_content(model) is not None
    assert content_of(model) is None
