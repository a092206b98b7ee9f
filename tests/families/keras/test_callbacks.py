import importlib

import pytest

from multisearch.families.keras._callbacks import look_at_whole_epochs, monitor_check


@pytest.fixture(scope="module")
def callbacks():
    """Import Keras, which takes seconds."""
    return importlib.import_module("keras").callbacks


def test_callbacks_are_known_by_their_exact_classes(callbacks, tmp_path):
    class Own(callbacks.EarlyStopping):
        pass

    stop = callbacks.EarlyStopping(patience=2)
    known = [stop, callbacks.History(), callbacks.CSVLogger(str(tmp_path / "log.csv"))]
    plateau = callbacks.ReduceLROnPlateau()
    if "<lambda>" not in str(plateau.monitor_op):  # as in old versions of Keras, whose lambdas cannot be told
        known.append(plateau)

    assert look_at_whole_epochs(None)
    assert look_at_whole_epochs([*known, monitor_check(stop)])
    assert all(look_at_whole_epochs({"one": one}) for one in known)
    for unknown in (
        Own(),
        monitor_check(Own()),
        callbacks.LambdaCallback(),
        callbacks.LearningRateScheduler(lambda epoch: 0.1),
        callbacks.TerminateOnNaN(),
        callbacks.ModelCheckpoint(str(tmp_path / "model.keras")),
        callbacks.CallbackList([stop]),
    ):
        assert not look_at_whole_epochs([stop, unknown])


def test_a_callback_with_a_hook_or_a_value_of_its_own_is_not_known(callbacks):
    class Patience(int):
        pass

    hooked, odd = callbacks.EarlyStopping(), callbacks.EarlyStopping(patience=Patience(2))
    hooked.on_epoch_begin = lambda epoch, logs: None

    assert not look_at_whole_epochs(hooked)
    assert not look_at_whole_epochs(odd)


def test_a_class_of_kerass_that_somebody_has_changed_is_not_known(callbacks, monkeypatch):
    monkeypatch.setattr(callbacks.EarlyStopping, "on_train_begin", lambda self, logs=None: None)

    assert not look_at_whole_epochs(callbacks.EarlyStopping())


def test_a_monitor_is_found_by_any_name_of_its_metric(callbacks):
    stop = callbacks.EarlyStopping(monitor="val_mae")
    monitor_check(stop).on_epoch_end(0, {"loss": 1.0, "val_mean_absolute_error": 2.0})
    assert stop.monitor == "val_mean_absolute_error"

    stop.monitor = "val_mea"
    with pytest.raises(ValueError, match=r"monitor='mea' is no metric of this Keras model, which has \['loss'\]"):
        monitor_check(stop).on_epoch_end(0, {"val_loss": 1.0})
