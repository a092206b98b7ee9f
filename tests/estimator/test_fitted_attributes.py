import numpy as np
import pytest
from helpers import assert_same_results
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.utils.validation import check_is_fitted

from multisearch import MultiModelSearchCV
from multisearch.estimator._fitted_attributes import FITTED_ATTRIBUTES


def two_scores(model, X, y):
    return {"r2": model.score(X, y), "worst": -np.abs(model.predict(X) - y).max()}


SPACE = {"alpha": [0.1, 1.0, 10.0]}


def test_a_callable_may_return_several_metrics(regression):
    search = MultiModelSearchCV([("ridge", Ridge(), SPACE)], scoring=two_scores, refit="worst").fit(*regression)
    assert search.multimetric_
    assert {"mean_test_r2", "rank_test_worst"} <= set(search.cv_results_)
    assert search.best_score_ == search.cv_results_["mean_test_worst"].max()
    assert search.scorer_ is two_scores


def test_a_metric_that_a_callable_does_not_return_is_an_error(regression):
    search = MultiModelSearchCV([("ridge", Ridge(), SPACE)], scoring=two_scores, refit="r3")
    with pytest.raises(ValueError, match=r"'r3' was passed; there are 'r2', 'worst'"):
        search.fit(*regression)


def test_several_metrics_without_a_refit_leave_no_best(regression):
    search = MultiModelSearchCV([("ridge", Ridge(), SPACE)], scoring=["r2", "neg_max_error"], refit=False)
    search.fit(*regression)
    assert not [name for name in FITTED_ATTRIBUTES if hasattr(search, name)]
    assert set(search.scorer_) == {"r2", "neg_max_error"}


def test_one_metric_without_a_refit_leaves_a_best_setting(regression):
    search = MultiModelSearchCV([("ridge", Ridge(), SPACE)], refit=False).fit(*regression)
    assert search.best_params_ == search.cv_results_["params"][search.best_index_]
    assert not hasattr(search, "best_estimator_")
    assert not hasattr(search, "refit_time_")


class Stopped(Ridge):
    """Interrupts the search where it is told to."""

    def fit(self, X, y, sample_weight=None):
        if self.alpha > 1 and len(X) > 80:
            raise KeyboardInterrupt
        return super().fit(X, y, sample_weight)


SPLITS = [(np.arange(80), np.arange(90, 120)), (np.arange(81), np.arange(90, 120))]


@pytest.fixture
def interrupted(regression):
    search = MultiModelSearchCV([("ridge", Stopped(), SPACE)], cv=SPLITS, scheduler="inline")
    with pytest.raises(KeyboardInterrupt):
        search.fit(*regression)
    return search


def test_what_was_finished_before_an_interrupt_reads_like_results(interrupted, regression):
    partial = interrupted.partial_results_
    finished = MultiModelSearchCV([("ridge", Ridge(), {"alpha": [0.1, 1.0]})], cv=SPLITS).fit(*regression)
    assert_same_results(partial, finished.cv_results_)
    with pytest.raises(NotFittedError):
        check_is_fitted(interrupted)


def test_partial_results_are_gone_with_the_next_fit(interrupted, regression):
    interrupted.set_params(ridge=Ridge()).fit(*regression)
    with pytest.raises(AttributeError, match="see cv_results_"):
        interrupted.partial_results_  # noqa: B018 - the access is what is tested
    check_is_fitted(interrupted)


def test_an_error_in_the_refit_leaves_all_results(regression):
    def nothing(results):
        raise LookupError("none is good enough")

    search = MultiModelSearchCV([("ridge", Ridge(), SPACE)], refit=nothing)
    with pytest.raises(LookupError):
        search.fit(*regression)
    assert len(search.partial_results_["params"]) == 3


def test_before_any_candidate_is_finished_there_are_no_rows(regression):
    search = MultiModelSearchCV([("ridge", Stopped(alpha=2.0), {})], cv=SPLITS[1:], scheduler="inline")
    with pytest.raises(KeyboardInterrupt):
        search.fit(*regression)
    assert search.partial_results_ == {}


def test_after_a_fit_that_failed_there_are_its_failures_with_whole_tracebacks(regression):
    search = MultiModelSearchCV([("ridge", Ridge(), {"alpha": [1.0]})], cv=2, scheduler="inline").fit(*regression)
    search.set_params(estimators=[("ridge", Ridge(), {"alpha": [-1.0]})])
    with pytest.raises(ValueError, match="All the 2 fits failed"):
        search.fit(*regression)
    assert len(search.failures_) == 2
    assert search.failures_["traceback"].str.contains("_worker.py").all()
    search.set_params(estimators=[("ridge", Ridge(), {})]).fit(*regression)
    assert search.failures_.empty
