import importlib
from contextlib import nullcontext

import numpy as np
import pytest

from multisearch._records import KERAS_EPOCHS, KERAS_NETWORKS, StoppingRule
from multisearch.families.keras import _reuse
from multisearch.families.keras._family import KerasFamily
from multisearch.families.keras._reuse import Loan, content_of


@pytest.fixture(scope="session")
def keras():
    """Import Keras, which takes seconds."""
    return importlib.import_module("keras")


@pytest.fixture
def networks(monkeypatch):
    """Start without shared networks; show those that are kept."""
    monkeypatch.setattr(_reuse, "_networks", type(_reuse._networks)())
    return _reuse._networks


def build(meta, compile_kwargs, width=6, rate=0.3):
    """Build a network whose layers have every kind of state."""
    import keras

    layers = [
        keras.layers.Dense(width, activation="relu", kernel_regularizer="l2"),
        keras.layers.BatchNormalization(),
        keras.layers.Dropout(rate),
    ]
    network = keras.Sequential([keras.Input((meta["n_features_in_"],)), *layers, keras.layers.Dense(1)])
    network.compile(**compile_kwargs)
    return network


@pytest.fixture
def make(keras):
    from scikeras.wrappers import KerasRegressor

    def make(model=build, **params):
        fixed = {"loss": "mean_squared_error", "optimizer": "adam", "epochs": 5, "batch_size": 16, "metrics": ["mae"]}
        return KerasRegressor(model, **fixed | {"random_state": 0, "verbose": 0} | params)

    return make


def fitted(model, training, stopping, *, fast=True, kept=False, monitor=None):
    """Fit with early stopping; return all that came out."""
    import keras

    keras.utils.clear_session()  # for equal names: they decide on the last bit, as dense_10 comes before dense_9
    family = KerasFamily()
    rule = StoppingRule(2, 0.0, monitor, refit_iterations="mean", variant=1)
    with family.accelerated(model, kept=kept) if fast else nullcontext():
        best = family.fit_stopped(model, training, stopping, rule).n_iterations
        predicted = model.predict(stopping.X)
    network = model.model_
    state = [variable for layer in network.layers for variable in layer.variables] + network.optimizer.variables
    return best, dict(model.history_), predicted, [np.asarray(variable) for variable in state]


def assert_equal(found, expected):
    assert found[:2] == expected[:2]
    np.testing.assert_array_equal(found[2], expected[2])
    for one, other in zip(found[3], expected[3], strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_models_of_equal_content_share_a_network_and_come_out_the_same(make, noisy, networks):
    models = [make(random_state=seed) for seed in range(2)]
    found = [fitted(model, *noisy) for model in models]

    assert len(networks) == 1
    (network,) = networks.values()
    for model, one in zip(models, found, strict=True):
        assert model.model_ is not network.model
        assert_equal(one, fitted(make(random_state=model.random_state), *noisy, fast=False))
        np.testing.assert_array_equal(model.predict(noisy[1].X), one[2])  # as it was, though others trained after it
    assert not np.array_equal(found[0][2], found[1][2])


@pytest.mark.slow
def test_models_of_other_content_have_a_network_of_their_own_and_few_are_kept(make, noisy, networks, monkeypatch):
    monkeypatch.setattr(_reuse, "_MOST_NETWORKS", 2)
    for params in ({}, {"optimizer__learning_rate": 0.01}, {"model__rate": 0.2}):
        fitted(make(**params, epochs=2), *noisy)

    assert len(networks) == 2


def test_a_kept_model_shares_nothing(make, noisy, networks):
    fitted(make(epochs=2), *noisy, kept=True)

    assert not networks


def test_a_network_whose_training_fails_is_not_used_again(make, noisy, networks, keras):
    fitted(make(epochs=2), *noisy)
    assert len(networks) == 1
    with pytest.raises(ValueError, match="no metric of this Keras model"):
        fitted(make(epochs=2), *noisy, monitor="mea")

    assert not networks


def test_a_network_is_lent_to_one_fit_at_a_time(keras, networks):
    models = [compiled(keras) for _ in range(2)]
    loans = [Loan(), Loan()]
    lent = []
    for loan, model in zip(loans, models, strict=True):
        with loan.network_for(model, 0) as (network, _):
            lent.append(network)
    for loan in loans:
        loan.give_back()
        loan.give_back()

    assert lent[0] is not lent[1]
    assert len(networks) == 1
    assert all(model.predict_function is None for model in models)


def compiled(keras, *layers, loss="mean_squared_error", optimizer="sgd", metrics=None):
    network = keras.Sequential([keras.Input((3,)), *layers, keras.layers.Dense(1, name="last")])
    network.compile(loss=loss, optimizer=optimizer, metrics=metrics)
    return network


def test_content_does_not_depend_on_names_that_keras_counts_up(keras):
    keras.utils.clear_session()
    contents = {content_of(compiled(keras, keras.layers.Dense(2), keras.layers.ReLU())) for _ in range(3)}

    assert len(contents) == 1
    assert None not in contents


def test_the_order_of_names_is_content_since_tensorflow_sums_up_in_it(keras):
    def content(*names):
        layers = [keras.layers.Dense(2, name=name) for name in names]
        return content_of(compiled(keras, *layers, keras.layers.Flatten(name="flat")))

    assert content("dense", "dense_1") == content("dense_11", "dense_12") != content("dense_9", "dense_10")


def test_everything_else_is_content(keras):
    dense = keras.layers.Dense
    models = [
        compiled(keras, dense(2)),
        compiled(keras, dense(2, name="hidden")),
        compiled(keras, dense(2, activation="relu")),
        compiled(keras, dense(2), loss="mean_absolute_error"),
        compiled(keras, dense(2), loss=keras.losses.Huber(0.5)),
        compiled(keras, dense(2), optimizer=keras.optimizers.SGD(0.3)),
        compiled(keras, dense(2), metrics=["mae"]),
        compiled(keras, dense(2), metrics=[keras.losses.mean_squared_error]),
    ]

    assert len({content_of(model) for model in models} - {None}) == len(models)


def relu(values):
    """Activate like no function of this name."""
    return values * 2


def unlike_keras(keras):
    """Yield networks with something that a configuration does not tell."""

    class Layer(keras.layers.Dense):
        pass

    class Regularizer(keras.regularizers.L2):
        pass

    class Metric(keras.metrics.MeanSquaredError):
        pass

    dense = keras.layers.Dense
    yield compiled(keras, Layer(2))
    yield compiled(keras, dense(2, activation=relu))
    yield compiled(keras, dense(2, activation=lambda values: values))
    yield compiled(keras, dense(2, kernel_regularizer=Regularizer(0.1)))
    yield compiled(keras, keras.layers.Lambda(relu))
    yield compiled(keras, keras.layers.Normalization(mean=[0.0] * 3, variance=[1.0] * 3))
    yield compiled(keras, loss=lambda y, predicted: keras.ops.mean(y - predicted))
    yield compiled(keras, metrics=[Metric()])
    patched = compiled(keras)
    patched.layers[0].call = relu
    yield patched
    optimizer = keras.optimizers.AdamW()
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    yield compiled(keras, optimizer=optimizer)
    trained = compiled(keras)
    trained.optimizer.build(trained.trainable_variables)
    yield trained


def test_what_a_configuration_does_not_tell_is_not_shared(keras):
    assert [content_of(model) for model in unlike_keras(keras)] == [None] * 11


def test_a_callback_of_the_users_may_keep_the_model_so_that_none_is_shared(make, noisy, networks, keras):
    kept = []
    watching = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: kept.append(epoch))
    fitted(make(callbacks=[watching], epochs=2), *noisy)

    assert kept == [0, 1]
    assert not networks


def taken_by(model, training):
    with KerasFamily().accelerated(model, kept=False) as taken:
        model.fit(training.X, training.y)
    return taken


def test_only_what_was_traced_for_another_model_counts_as_a_short_cut(make, noisy, networks):
    assert taken_by(make(epochs=2), noisy[0]) == {KERAS_EPOCHS}
    assert taken_by(make(epochs=2), noisy[0]) == {KERAS_EPOCHS, KERAS_NETWORKS}
    assert taken_by(make(epochs=1), noisy[0]) == set()


def test_a_network_that_cannot_be_made_again_is_not_tried_again(keras, networks, monkeypatch):
    monkeypatch.setattr(_reuse, "_refused", type(_reuse._refused)())
    lent = []
    for _ in range(2):
        model = compiled(keras)
        model.layers[0].kernel.constraint = keras.constraints.NonNeg()
        with Loan().network_for(model, 0) as (network, functions):
            lent.append((network is model, functions))

    assert lent == [(True, None)] * 2
    assert len(_reuse._refused) == 1
    assert not networks
