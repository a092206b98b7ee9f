import threading
from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.metrics import accuracy_score

from multisearch._records import KERAS_EPOCHS, StoppingRule
from multisearch.families import kind_of
from multisearch.families.keras._family import KerasFamily, _with_callbacks

EPOCHS = 12


@pytest.fixture(scope="session")
def keras_library():
    """Import Keras and TensorFlow, which takes seconds."""
    import keras
    import scikeras.wrappers

    return keras, scikeras.wrappers


def build(meta, compile_kwargs, width=16):
    """Build a network with one wide layer, for any number of outputs."""
    import keras

    n_classes = meta.get("n_classes_")
    last = keras.layers.Dense(1) if n_classes is None else keras.layers.Dense(n_classes, activation="softmax")
    return keras.Sequential(
        [keras.Input((meta["n_features_in_"],)), keras.layers.Dense(width, activation="relu"), last]
    )


@pytest.fixture(scope="session")
def make_network(keras_library):
    """Make a regressor or classifier that learns fast, and soon nothing but noise."""
    _, wrappers = keras_library

    def make(kind="KerasRegressor", **params):
        loss = "mean_squared_error" if kind == "KerasRegressor" else "sparse_categorical_crossentropy"
        fixed = {"loss": loss, "optimizer": "adam", "optimizer__learning_rate": 0.1, "epochs": EPOCHS, "batch_size": 25}
        return getattr(wrappers, kind)(build, **fixed | params, random_state=0, verbose=0)

    return make


@pytest.fixture
def family():
    return KerasFamily()


def rule_of(patience=2, min_delta=0.0, monitor=None):
    return StoppingRule(patience, min_delta, monitor, refit_iterations="mean", variant=1)


class Stopped:
    """A network that was stopped once, for several tests to look at."""

    def __init__(self, model, training, stopping, rule):
        self.model = model
        self.parameters_before = model.get_params()
        self.training = training
        self.stopping = stopping
        self.record = KerasFamily().fit_stopped(model, training, stopping, rule)
        self.best = self.record.n_iterations
        self.history = model.history_


@pytest.fixture(scope="session")
def make_forgetting(keras_library):
    """Make a callback of the user's, after which a network never gets better: it forgets all it has learnt."""
    keras, _ = keras_library

    class Forgetting(keras.callbacks.Callback):
        def __init__(self, at):
            super().__init__()
            self.at = at
            self.epochs = []

        def on_epoch_begin(self, epoch, logs=None):
            self.epochs.append(epoch)
            if epoch == self.at:
                self.model.set_weights([np.zeros_like(weights) for weights in self.model.get_weights()])

    return Forgetting


@pytest.fixture(scope="session")
def stopped(make_network, make_forgetting, noisy):
    """Return a regressor that ran out of patience, stopped on weighted rows."""
    training, stopping = noisy
    weighted = replace(stopping, sample_weight=np.where(stopping.y > 0, 3.0, 0.5))
    return Stopped(make_network(fit__callbacks=[make_forgetting(at=4)]), training, weighted, rule_of())


@pytest.fixture(scope="session")
def used_up(make_network, make_forgetting, noisy_classes):
    """Return a classifier of named classes that used all its epochs up, watched by its accuracy."""
    callbacks = {"forget": make_forgetting(at=3)}
    model = make_network("KerasClassifier", metrics=["accuracy"], epochs=5, fit__callbacks=callbacks)
    return Stopped(model, *noisy_classes, rule_of(patience=50, monitor="accuracy"))


def test_the_iteration_returned_is_that_of_the_smallest_loss(stopped):
    losses = stopped.history["val_loss"]

    assert stopped.best == np.argmin(losses) + 1
    assert len(losses) == stopped.best + 2 < EPOCHS


def test_the_history_is_keras_own_record_of_the_stopping_rows(stopped, used_up):
    for one in (stopped, used_up):
        assert dict(one.record.history) == {name: one.history[name] for name in one.history if name.startswith("val_")}
    assert list(used_up.record.history) == ["val_accuracy", "val_loss"]


def test_epochs_that_are_used_up_before_patience_are_known(stopped, used_up):
    assert (stopped.record.cap, used_up.record.cap) == (EPOCHS, 5)
    assert stopped.record.used_up(2) is False
    assert used_up.record.used_up(50) is True


def test_a_training_that_a_callback_of_the_users_ends_has_not_used_its_epochs_up(keras_library, make_network, noisy):
    keras, _ = keras_library

    class Enough(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = epoch == 2

    ended = Stopped(make_network(fit__callbacks=[Enough()]), *noisy, rule_of(patience=50)).record

    assert len(ended.history["val_loss"]) == 3
    assert ended.used_up(50) is False


def test_the_model_predicts_as_at_its_best_epoch_on_weighted_rows(stopped):
    X, y, weights = stopped.stopping.X, stopped.stopping.y, stopped.stopping.sample_weight
    losses = stopped.history["val_loss"]

    assert np.mean(weights * (stopped.model.predict(X) - y) ** 2) == pytest.approx(min(losses), rel=1e-3)
    assert losses[-1] > 1.1 * min(losses)


def test_the_model_is_what_as_many_epochs_alone_give(family, stopped, make_network, noisy):
    alone = make_network()
    family.set_iterations(alone, stopped.best)
    alone.fit(stopped.training.X, stopped.training.y)

    assert len(alone.history_["loss"]) == stopped.best
    np.testing.assert_allclose(
        alone.predict(stopped.stopping.X), stopped.model.predict(stopped.stopping.X), rtol=1e-3, atol=1e-3
    )


def test_the_users_callbacks_run_and_parameters_are_put_back(stopped):
    assert stopped.model.get_params() == stopped.parameters_before
    (callback,) = stopped.model.get_params()["fit__callbacks"]
    assert callback.epochs == list(range(len(stopped.history["loss"])))


def test_callbacks_by_name_run_and_are_put_back(used_up):
    assert used_up.model.get_params() == used_up.parameters_before
    assert used_up.model.get_params()["fit__callbacks"]["forget"].epochs == [0, 1, 2, 3, 4]


def test_classes_with_names_are_stopped_on_by_a_metric_of_which_more_is_better(used_up):
    accuracies = used_up.history["val_accuracy"]
    predicted = used_up.model.predict(used_up.stopping.X)

    assert used_up.best == np.argmax(accuracies) + 1
    assert set(predicted) <= {"low", "middle", "high"}
    assert accuracy_score(used_up.stopping.y, predicted) == pytest.approx(max(accuracies))


def test_a_model_that_uses_its_epochs_up_goes_back_to_its_best_too(used_up):
    accuracies = used_up.history["val_accuracy"]

    assert len(accuracies) == 5
    assert used_up.best <= 3
    assert accuracies[-1] < max(accuracies)


def test_a_metric_is_found_by_its_short_name(family, make_network, noisy):
    model = make_network(metrics=["mae"], epochs=2)
    before = model.get_params()
    best = family.fit_stopped(model, *noisy, rule_of(monitor="mae")).n_iterations

    assert best == np.argmin(model.history_["val_mean_absolute_error"]) + 1
    assert model.get_params() == before
    assert "fit__callbacks" not in before


def test_an_unknown_monitor_is_an_error_that_lists_the_known_and_parameters_are_put_back(family, make_network, noisy):
    model = make_network()
    before = model.get_params()
    with pytest.raises(ValueError, match=r"monitor='mea' is no metric of this Keras model, which has \['loss'\]"):
        family.fit_stopped(model, *noisy, rule_of(monitor="mea"))

    assert model.get_params() == before


@pytest.mark.parametrize(
    ("given", "found"),
    [(None, [8, 9]), (1, [1, 8, 9]), ([1], [1, 8, 9]), ((1, 2), [1, 2, 8, 9]), ({"a": 1}, [1, 8, 9])],
)
def test_callbacks_may_come_in_any_shape(given, found):
    together = _with_callbacks(given, 8, 9)

    assert list(together.values() if isinstance(given, dict) else together) == found


def test_callbacks_by_name_get_the_parameters_that_scikeras_routes_to_them(keras_library, family, make_network, noisy):
    keras, _ = keras_library
    callbacks = {"own": keras.callbacks.EarlyStopping}
    model = make_network(epochs=1, fit__callbacks=callbacks, fit__callbacks__own__monitor="loss")
    family.fit_stopped(model, *noisy, rule_of())

    assert model._fit_callbacks[0].monitor == "loss"


def test_iterations_are_set_under_both_names(family, make_network):
    model = make_network(fit__epochs=30)
    family.set_iterations(model, 2)

    assert (model.get_params()["epochs"], model.get_params()["fit__epochs"]) == (2, 2)


def test_iterations_are_set_under_the_one_name_that_is_used(family, make_network):
    model = make_network()
    before = model.get_params()
    family.set_iterations(model, 2)

    assert model.get_params() == before | {"epochs": 2}


def test_only_models_behind_scikeras_are_handled_and_their_kind_is_known(family, make_network):
    assert family.handles(make_network())
    assert kind_of(make_network()) == "regressor"
    assert kind_of(make_network("KerasClassifier")) == "classifier"
    assert not family.handles(Ridge())
    family.require()


def test_networks_are_trained_one_at_a_time_in_a_process(family):
    entered = threading.Event()

    def enter():
        with family.native_threads(None, None):
            entered.set()

    thread = threading.Thread(target=enter)
    with family.native_threads(None, None):
        thread.start()
        assert not entered.wait(0.2)
    assert entered.wait(20)
    thread.join(20)


def test_a_network_within_a_network_does_not_wait_for_itself(family):
    entered = threading.Event()

    def enter_twice():
        with family.native_threads(None, None), family.native_threads(None, None):
            entered.set()

    threading.Thread(target=enter_twice, daemon=True).start()
    assert entered.wait(20)


def test_a_process_in_which_tensorflow_is_at_work_keeps_its_threads(family, stopped):
    import tensorflow as tf

    threads = tf.config.threading.get_intra_op_parallelism_threads()
    with family.native_threads(stopped.model, threads + 1):
        assert tf.config.threading.get_intra_op_parallelism_threads() == threads


def accelerated_fits(model, rows):
    """Fit with short cuts allowed; return those that were taken."""
    with KerasFamily().accelerated(model, kept=True) as taken:
        assert ("_fit_keras_model" in vars(model)) == (type(model).__module__ == "scikeras.wrappers")
        model.fit(rows.X, rows.y)
    return taken


def test_short_cuts_are_for_scikerass_own_classes_alone(keras_library, make_network, noisy):
    _, wrappers = keras_library

    class Own(wrappers.KerasRegressor):
        pass

    rows, _ = noisy
    own = Own(build, loss="mean_squared_error", epochs=2, random_state=0, verbose=0)

    assert accelerated_fits(make_network(epochs=2), rows) == {KERAS_EPOCHS}
    assert accelerated_fits(own, rows) == set()


def test_a_model_with_a_method_of_its_own_is_trained_by_that(family, make_network, noisy):
    rows, _ = noisy
    model = make_network(epochs=2)
    train = model._fit_keras_model
    trained = []

    def own(*args, **kwargs):
        trained.append(1)
        train(*args, **kwargs)

    vars(model)["_fit_keras_model"] = own
    with family.accelerated(model, kept=False) as taken:
        model.fit(rows.X, rows.y)

    assert taken == set()
    assert trained == [1]
    assert vars(model)["_fit_keras_model"] is own
