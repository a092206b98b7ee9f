"""The user's code on workers is what it is here, however it came to differ."""

import importlib
import logging
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers import assert_same_results
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from multisearch import MultiModelSearchCV, read_journal
from multisearch.engines.transport._by_value import CodeCannotBeSentError

X, y = np.random.default_rng(0).standard_normal((2, 60, 3))
y = y[:, 0]

STEPS = """
from sklearn.linear_model import Ridge
from sklearn.base import BaseEstimator, TransformerMixin

FACTOR = 1.0

def scaled(X):
    return X ** 3 * FACTOR

def doubled(X):
    return scaled(X) * 2

class Shifted(TransformerMixin, BaseEstimator):
    def __init__(self, by=1.0):
        self.by = by

    def fit(self, X, y=None):
        self.mean_ = X.mean() + FACTOR
        return self

    def transform(self, X):
        return scaled(X) + self.mean_ * self.by

def worst(estimator, X, y):
    return -abs(y - estimator.predict(X)).max() * FACTOR
"""
WITH_A_LOCK = """
import threading
LOCK = threading.Lock()
FACTOR = 1.0

def scaled(X):
    with LOCK:
        return X ** 3 * FACTOR
"""


@pytest.fixture
def modules(tmp_path, monkeypatch):
    """Makes modules of the user's out of names and texts."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # of two texts within a second the first would be taken
    made = []

    def make(name, text):
        file = Path(tmp_path, *name.split(".")).with_suffix(".py")
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        made.append(name)
        importlib.invalidate_caches()
        return importlib.import_module(name)

    yield make
    for name in made:
        sys.modules.pop(name, None)
        sys.modules.pop(name.partition(".")[0], None)


@pytest.fixture(params=["local", "client"])
def workers(request, tmp_path):
    """Where a search runs: arguments for it."""
    if request.param == "local":
        return {"n_jobs": 2}
    client = request.getfixturevalue("client")

    def look_into(folder):
        sys.path.insert(0, folder)

    client.run(look_into, str(tmp_path))
    return {}


def ridge_behind(function):
    return [("ridge", make_pipeline(FunctionTransformer(function), Ridge(random_state=0)), {"ridge__alpha": [0.1, 10]})]


def assert_as_here(search):
    """Fit on the workers; check that scores, and predictions of the best, are those of a search here."""
    here = clone(search).set_params(n_jobs=None, scheduler="inline").fit(X, y)
    there = search.fit(X, y)
    assert_same_results(here.cv_results_, there.cv_results_)
    np.testing.assert_array_equal(here.predict(X), there.predict(X))
    return there


def test_a_global_that_was_changed_at_run_time(modules, workers, caplog, monkeypatch):
    steps = modules("steps_with_global", STEPS)
    search = MultiModelSearchCV(ridge_behind(steps.doubled), cv=3, **workers)
    before = assert_as_here(search).best_score_
    monkeypatch.setattr(steps, "FACTOR", 100.0)
    with caplog.at_level(logging.INFO, "multisearch"):
        assert assert_as_here(search).best_score_ != before
    assert "steps_with_global differs on worker" in caplog.text
    monkeypatch.setattr(steps, "FACTOR", 3.0)
    assert_as_here(search)


def test_a_module_that_was_edited_but_not_loaded_again(modules, workers):
    steps = modules("steps_edited", STEPS)
    Path(steps.__file__).write_text(STEPS.replace("X ** 3", "X ** 5"))
    assert_as_here(MultiModelSearchCV(ridge_behind(steps.doubled), cv=3, **workers))


def test_a_module_that_was_edited_and_loaded_again_while_workers_keep_it(modules, workers):
    steps = modules("steps_reloaded", STEPS)
    before = assert_as_here(MultiModelSearchCV(ridge_behind(steps.doubled), cv=3, **workers)).best_score_
    Path(steps.__file__).write_text(STEPS.replace("X ** 3", "X ** 5"))
    importlib.reload(steps)
    assert assert_as_here(MultiModelSearchCV(ridge_behind(steps.doubled), cv=3, **workers)).best_score_ != before


def test_a_function_that_workers_do_not_have_at_all(modules, workers):
    steps = modules("steps_without_it", STEPS)
    assert_as_here(MultiModelSearchCV(ridge_behind(steps.scaled), cv=3, **workers))
    Path(steps.__file__).write_text(STEPS + "\ndef tripled(X):\n    return scaled(X) * 3\n")
    importlib.reload(steps)
    search = MultiModelSearchCV(ridge_behind(steps.tripled), cv=3, **workers)
    assert assert_as_here(search).best_estimator_[0].func is steps.tripled


def test_functions_in_the_parameters_of_candidates(modules, workers, monkeypatch):
    steps = modules("steps_in_params", STEPS)
    space = {"functiontransformer__func": [steps.scaled, steps.doubled, None], "ridge__alpha": [0.1]}
    estimator = make_pipeline(FunctionTransformer(), Ridge(random_state=0))
    search = MultiModelSearchCV([("ridge", estimator, space)], cv=3, scoring=steps.worst, **workers)
    assert_as_here(search)
    monkeypatch.setattr(steps, "FACTOR", 100.0)
    there = assert_as_here(search)
    func = there.best_params_["functiontransformer__func"]
    assert there.best_estimator_[0].func is func
    assert func in space["functiontransformer__func"]


def test_objects_of_the_users_classes_come_back_as_such(modules, workers, monkeypatch):
    steps = modules("steps_with_class", STEPS)
    fit = steps.Shifted.fit
    monkeypatch.setattr(steps, "FACTOR", 100.0)
    search = MultiModelSearchCV(
        [("ridge", make_pipeline(steps.Shifted(), Ridge(random_state=0)), {"shifted__by": [1.0, 2.0]})], cv=3, **workers
    )
    best = assert_as_here(search).best_estimator_
    assert type(best[0]) is steps.Shifted
    assert best[0].mean_ > 90
    assert steps.Shifted.fit is fit
    steps.FACTOR = 7.0
    assert best[0].fit(X).mean_ < 10


def test_classes_of_a_script_are_left_as_they_are(workers):
    factor = 2.0

    class Own(Ridge):
        def fit(self, X, y):
            self.factor_ = factor
            return super().fit(X, y)

    fit = Own.fit
    search = assert_as_here(MultiModelSearchCV([("own", Own(), {})], cv=3, **workers))
    assert type(search.best_estimator_) is Own
    assert Own.fit is fit
    factor = 5.0
    assert clone(search.best_estimator_).fit(X, y).factor_ == 5


def test_a_module_inside_a_package(modules, workers, monkeypatch):
    modules("the_users.__init__", "")
    sys.modules.pop("the_users.__init__")
    helper = modules("the_users.helper", "FACTOR = 1.0\n\ndef power(X):\n    return X ** 3 * FACTOR\n")
    steps = modules(
        "steps_by_package", "import the_users.helper\n\ndef scaled(X):\n    return the_users.helper.power(X) * 2\n"
    )
    search = MultiModelSearchCV(ridge_behind(steps.scaled), cv=3, **workers)
    before = assert_as_here(search).best_score_
    monkeypatch.setattr(helper, "FACTOR", 100.0)
    assert assert_as_here(search).best_score_ != before


def test_an_error_of_the_users_own_comes_back_as_such(modules, workers, monkeypatch):
    steps = modules(
        "steps_with_error",
        "LIMIT = 0\nclass TooMuch(Exception):\n    pass\n\ndef checked(X):\n    raise TooMuch(LIMIT)\n",
    )
    monkeypatch.setattr(steps, "LIMIT", 3)
    search = MultiModelSearchCV(ridge_behind(steps.checked), cv=3, error_score="raise", **workers)
    with pytest.raises(steps.TooMuch, match="3"):
        search.fit(X, y)


def test_what_cannot_be_sent_ends_the_search_with_its_name(modules, workers, monkeypatch):
    steps = modules("steps_with_lock", WITH_A_LOCK)
    search = MultiModelSearchCV(ridge_behind(steps.scaled), cv=3, **workers)
    assert_as_here(search)
    monkeypatch.setattr(steps, "FACTOR", 100.0)
    with pytest.raises(CodeCannotBeSentError, match=r"'steps_with_lock'.*on worker tcp.*lock.*start workers anew"):
        search.fit(X, y)


def test_an_import_inside_a_function_gives_what_workers_have_and_cannot_be_sent(modules, workers, monkeypatch):
    helper = modules("helper_inside", "FACTOR = 1.0\n\ndef power(X):\n    return X ** 3 * FACTOR\n")

    def inside(X):
        import helper_inside

        return helper_inside.power(X)

    search = MultiModelSearchCV(ridge_behind(inside), cv=3, **workers)
    assert_as_here(search)
    monkeypatch.setattr(helper, "FACTOR", 100.0)
    with pytest.raises(CodeCannotBeSentError, match=r"'helper_inside'.*imports helper_inside inside"):
        search.fit(X, y)


def test_the_journal_keeps_results_of_the_code_that_is_here(modules, workers, monkeypatch, tmp_path):
    steps = modules("steps_journalled", STEPS)
    search = MultiModelSearchCV(ridge_behind(steps.doubled), cv=3, journal=tmp_path / "journal.sqlite", **workers)
    before = search.fit(X, y).cv_results_
    monkeypatch.setattr(steps, "FACTOR", 100.0)
    after = search.fit(X, y)
    assert after.search_stats_.evaluations_from_journal == 0
    here = clone(search).set_params(n_jobs=None, scheduler="inline")
    assert here.fit(X, y).search_stats_.evaluations_from_journal == 6
    assert_same_results(here.cv_results_, after.cv_results_)
    assert_same_results(here.set_params(journal=None).fit(X, y).cv_results_, after.cv_results_)
    monkeypatch.setattr(steps, "FACTOR", 1.0)
    again = search.fit(X, y)
    assert again.search_stats_.evaluations_from_journal == 6
    assert_same_results(before, again.cv_results_)
    assert len(read_journal(tmp_path / "journal.sqlite")["fold"]) == 12
