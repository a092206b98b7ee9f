import sys
import threading

import keras
import numpy as np
import pytest
from families._networks import deep
from helpers import digest
from keras.src.backend.common import global_state
from sklearn.metrics import make_scorer

from multisearch import EarlyStopping, MultiModelSearchCV
from multisearch.families import libraries_as_if_new
from multisearch.families.keras._names import names_counted_anew


@pytest.fixture(autouse=True)
def counts():
    """Count from the beginning in a test, and go on as before after it."""
    before = global_state.get_global_attribute("object_name_uids")
    global_state.set_global_attribute("object_name_uids", None)
    yield
    global_state.set_global_attribute("object_name_uids", before)


def name():
    return keras.layers.Dense(1).name


@pytest.mark.parametrize("anew", [names_counted_anew, libraries_as_if_new])
def test_names_begin_anew_and_what_comes_later_has_a_name_of_its_own(anew):
    assert [name() for _ in range(2)] == ["dense", "dense_1"]
    with anew():
        assert [name() for _ in range(3)] == ["dense", "dense_1", "dense_2"]
        with anew():
            assert name() == "dense"
        assert name() == "dense_3"
    assert name() == "dense_4"
    with anew():
        assert keras.layers.ReLU().name == "re_lu"
    assert [name(), keras.layers.ReLU().name] == ["dense_5", "re_lu_1"]


def test_a_fit_that_fails_ends_it_too():
    name()
    with pytest.raises(ValueError, match="of the fit"), names_counted_anew():
        raise ValueError("of the fit")
    assert name() == "dense_1"


def test_a_session_may_be_cleared_meanwhile():
    with names_counted_anew():
        name()
        keras.utils.clear_session(free_memory=False)
        assert name() == "dense"
    assert name() == "dense_1"


def test_where_keras_has_not_been_imported_nothing_is(monkeypatch):
    monkeypatch.delitem(sys.modules, "keras.src.backend.common.global_state")
    with names_counted_anew():
        assert name() == "dense"


def test_threads_count_for_themselves():
    found = []
    with names_counted_anew():
        name()
        thread = threading.Thread(target=lambda: found.append(name()))
        thread.start()
        thread.join()
    assert found == ["dense"]


@pytest.mark.slow
def test_a_search_gives_the_same_whatever_was_built_before_it_and_refits_so(regression):
    from scikeras.wrappers import KerasRegressor

    X, y = (part.astype("float32") for part in regression)
    model = KerasRegressor(deep, loss=None, epochs=2, random_state=0, verbose=0)
    cv = [(np.arange(90), np.arange(90, 120))]
    found = []
    for n_built in (0, 8):
        for _ in range(n_built):
            name()
        search = MultiModelSearchCV([("network", model, {})], cv=cv, scoring=make_scorer(digest), optimize=False)
        search.fit(X, y)
        layers = [layer.name for layer in search.best_estimator_.model_.layers if "dense" in layer.name]
        assert layers == ["dense", "dense_1", "dense_2", "dense_3"]
        found.append((search.cv_results_["split0_test_score"][0], digest(y, search.predict(X))))
    assert found[0] == found[1]


def with_area(meta):
    network = keras.Sequential([keras.Input((meta["n_features_in_"],)), keras.layers.Dense(1, activation="sigmoid")])
    network.compile(loss="binary_crossentropy", optimizer="sgd", metrics=[keras.metrics.AUC()])
    return network


def test_a_metric_that_keras_names_by_counting_is_found_in_every_fold(regression):
    from scikeras.wrappers import KerasClassifier

    X, y = regression[0].astype("float32"), (regression[1] > 0).astype(int)
    model = KerasClassifier(with_area, loss=None, epochs=2, random_state=0, verbose=0)
    search = MultiModelSearchCV(
        [("network", model, {})],
        cv=2,
        early_stopping=EarlyStopping(monitor="auc"),
        optimize=False,
        refit=False,
        error_score="raise",
    )
    assert search.fit(X, y).cv_results_["mean_n_iterations"][0] >= 1
