import warnings

import numpy as np
import pytest
from helpers import assert_same_results
from sklearn import config_context, get_config
from sklearn.exceptions import ConvergenceWarning, FitFailedWarning
from sklearn.linear_model import Lasso, Ridge
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils._param_validation import InvalidParameterError
from tblib.pickling_support import install

from multisearch import MultiModelSearchCV
from multisearch._records import Candidate, SharedStep
from multisearch.engines.cluster._engine import DaskEngine
from multisearch.engines.cluster._placement import Scattered

RIDGE = Candidate(0, "ridge", {"model__alpha": 0.1})


class NotPicklableError(Exception):
    def __init__(self, reason, lock):
        super().__init__(reason)
        self.lock = lock


class RaisesAnything(Ridge):
    def fit(self, X, y, sample_weight=None):
        import threading

        if self.alpha == 1:
            raise SystemExit(3)
        if self.alpha == 2:
            raise KeyboardInterrupt
        if self.alpha == 3:
            raise NotPicklableError("has a lock", threading.Lock())
        return super().fit(X, y, sample_weight)


class SaysItsConfiguration(Ridge):
    def fit(self, X, y, sample_weight=None):
        assert get_config()["assume_finite"]
        return super().fit(X, y, sample_weight)


def test_whatever_a_fit_raises_is_an_outcome(regression, client):
    search = MultiModelSearchCV([("odd", RaisesAnything(), {"alpha": [0, 1, 2, 3]})], cv=2)
    with pytest.warns() as given:
        search.fit(*regression)
    (said,) = [str(one.message) for one in given if one.category is FitFailedWarning]
    assert "6 fits failed out of a total of 8" in said
    for reason in ("SystemExit: 3", "KeyboardInterrupt", "has a lock"):
        assert reason in said
    np.testing.assert_array_equal(np.isnan(search.cv_results_["mean_test_score"]), [False, True, True, True])


def test_an_error_that_cannot_travel_is_raised_as_text(regression, client):
    search = MultiModelSearchCV([("odd", RaisesAnything(), {"alpha": [3]})], error_score="raise")
    with pytest.raises(RuntimeError, match="NotPicklableError: has a lock"):
        search.fit(*regression)


def test_configuration_travels_to_the_workers(regression, client):
    search = MultiModelSearchCV([("says", SaysItsConfiguration(), {})], error_score="raise")
    with config_context(assume_finite=True):
        search.fit(*regression)
    with pytest.raises(AssertionError):
        search.fit(*regression)


def test_a_warning_on_a_worker_reaches_the_user_once_per_candidate(regression, client):
    search = MultiModelSearchCV([("lasso", Lasso(max_iter=1), {"alpha": [1e-6, 1e-5]})], cv=3, refit=False)
    with pytest.warns(ConvergenceWarning) as given:
        search.fit(*regression)
    assert len(given) == 2
    assert all(one.filename.endswith("_coordinate_descent.py") for one in given)


def test_a_filter_of_the_users_holds_on_workers(regression, client):
    search = MultiModelSearchCV([("lasso", Lasso(max_iter=1), {"alpha": [1e-6]})], cv=3, refit=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        search.fit(*regression)
        warnings.simplefilter("error", ConvergenceWarning)
        with pytest.raises(ValueError, match="All the 3 fits failed"):
            search.fit(*regression)


def test_functions_of_the_users_script_travel(regression, client):
    from sklearn.pipeline import make_pipeline

    factor = 3.0
    pipeline = make_pipeline(FunctionTransformer(lambda X: X * factor), Ridge())
    space = {"ridge__alpha": [0.1, 1.0]}
    on_cluster = MultiModelSearchCV([("ridge", pipeline, space)], refit=False).fit(*regression)
    inline = MultiModelSearchCV([("ridge", pipeline, space)], refit=False, scheduler="inline").fit(*regression)
    assert_same_results(inline.cv_results_, on_cluster.cv_results_)
    assert on_cluster.search_stats_.shared_steps == 5


@pytest.fixture
def held(client, monkeypatch):
    """Hold every future, as a traceback may, or a cycle that Python has not collected yet."""
    futures = []
    submit = client.submit
    monkeypatch.setattr(
        client, "submit", lambda *given, **named: futures.append(submit(*given, **named)) or futures[-1]
    )
    return futures


def assert_nothing_is_left(client):
    def keys(dask_scheduler):
        return [str(key) for key in dask_scheduler.tasks if "multisearch" in str(key)]

    for _ in range(100):
        if not client.run_on_scheduler(keys):
            break
        client.run(lambda: None)
    assert client.run_on_scheduler(keys) == []


def test_nothing_is_left_on_the_cluster(two_pipelines, regression, client, held):
    MultiModelSearchCV(two_pipelines).fit(*regression)
    assert held
    assert_nothing_is_left(client)


def test_nothing_is_left_on_the_cluster_where_every_fit_has_failed(regression, client, held):
    with pytest.raises(ValueError, match="All the 5 fits failed"):
        MultiModelSearchCV([("ridge", Ridge(alpha="much"), {})]).fit(*regression)
    assert held
    assert_nothing_is_left(client)


class Spoilt(Ridge):
    def fit(self, X, y):
        try:
            int("much")
        except ValueError as error:
            raise ExceptionGroup("spoilt", [KeyError("part")]) from error


@pytest.mark.parametrize("model", [Ridge(alpha="much"), Spoilt()])
def test_exceptions_come_without_frames_also_where_dask_has_told_of_one_of_their_class(model, regression, client):
    for kind in (ValueError, KeyError, ExceptionGroup, InvalidParameterError):
        client.run(install, kind)  # as dask does with the class of every error that a worker tells of
    with pytest.raises((ValueError, ExceptionGroup)) as raised:
        MultiModelSearchCV([("model", model, {})], error_score="raise").fit(*regression)

    error = raised.value
    assert error.__notes__[0].startswith("Where it was raised:\nTraceback")
    assert all(part.__traceback__ is None for part in getattr(error, "exceptions", ()))
    assert error.__cause__ is None or error.__cause__.__traceback__ is None


def test_a_released_shared_step_is_forgotten(preparation, client):
    engine = DaskEngine(client, Scattered(client))
    engine.start(preparation.problem)
    engine.submit(SharedStep("scaled", None, RIDGE, 1, 0, 1))
    assert [task.key for task, _ in engine.results()] == ["scaled"]
    engine.release("scaled")
    with pytest.raises(KeyError):
        engine.submit(SharedStep("reduced", "scaled", RIDGE, 1, 1, 2))
    engine.release("scaled")
    engine.stop()


def test_two_searches_at_once_do_not_mix(two_pipelines, regression, client):
    from concurrent.futures import ThreadPoolExecutor

    X, y = regression
    with ThreadPoolExecutor(2) as threads:
        futures = [
            threads.submit(lambda target: MultiModelSearchCV(two_pipelines, cv=3).fit(X, target), target)
            for target in (y, -(y**2))
        ]
        first, second = (future.result() for future in futures)
    for search, target in ((first, y), (second, -(y**2))):
        alone = MultiModelSearchCV(two_pipelines, cv=3, scheduler="inline").fit(X, target)
        assert_same_results(alone.cv_results_, search.cv_results_)
