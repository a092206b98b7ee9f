"""A search with a journal: what is known is not computed again, and gives the same results."""

from pathlib import Path

import dask.array as da
import numpy as np
import pytest
from helpers import assert_same_results
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.ensemble import RandomForestRegressor
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import Lasso, Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from multisearch import MultiModelSearchCV, read_journal


class Counted(Ridge):
    """Writes a line for every fit, and fails where it is told to."""

    def __init__(self, alpha=1.0, *, log=None, fails=0):
        super().__init__(alpha=alpha)
        self.log = log
        self.fails = fails

    def fit(self, X, y, sample_weight=None):
        with Path(self.log).open("a") as log:
            log.write(f"{self.alpha}\n")
        if self.fails == 1:
            raise ValueError("cannot be fitted")
        if self.fails == 2:
            raise MemoryError("8 GB")
        return super().fit(X, y, sample_weight)


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log"
    path.touch()
    return path


@pytest.fixture
def journal(tmp_path):
    return tmp_path / "journal.db"


def n_fits(log):
    lines = log.read_text().splitlines()
    log.write_text("")
    return len(lines)


def counted(log, alphas, journal, **arguments):
    space = {"alpha": alphas, **arguments.pop("space", {})}
    return MultiModelSearchCV(
        [("ridge", Counted(log=str(log)), space)], cv=3, refit=False, journal=journal, **arguments
    )


def test_the_same_search_again_fits_nothing_and_finds_the_same(log, journal, regression):
    first = counted(log, [0.1, 1.0], journal).fit(*regression)
    assert n_fits(log) == 6
    assert first.search_stats_.evaluations_from_journal == 0
    second = counted(log, [0.1, 1.0], journal).fit(*regression)
    assert n_fits(log) == 0
    assert second.search_stats_.evaluations_from_journal == second.search_stats_.evaluations == 6
    assert second.search_stats_.step_fits == 0
    assert_same_results(first.cv_results_, second.cv_results_)
    np.testing.assert_array_equal(first.cv_results_["mean_fit_time"], second.cv_results_["mean_fit_time"])


def test_a_larger_grid_computes_only_the_rest(log, journal, regression):
    counted(log, [0.1, 1.0], journal).fit(*regression)
    n_fits(log)
    larger = counted(log, [0.01, 0.1, 1.0, 10.0], journal).fit(*regression)
    assert n_fits(log) == 6
    assert larger.search_stats_.evaluations_from_journal == 6
    assert_same_results(larger.cv_results_, counted(log, [0.01, 0.1, 1.0, 10.0], None).fit(*regression).cv_results_)


def test_other_data_are_another_search(log, journal, regression):
    X, y = regression
    counted(log, [0.1], journal).fit(X, y)
    n_fits(log)
    assert counted(log, [0.1], journal).fit(X + 1, y).search_stats_.evaluations_from_journal == 0
    assert n_fits(log) == 3


def test_folds_that_are_partly_known_share_steps_and_paths_among_the_rest(journal, regression):
    forest = Pipeline([("scale", StandardScaler()), ("model", RandomForestRegressor(random_state=0))])
    lasso = Pipeline([("scale", StandardScaler()), ("model", Lasso())])

    def search(sizes, alphas, **arguments):
        spaces = [("forest", forest, {"model__n_estimators": sizes}), ("lasso", lasso, {"model__alpha": alphas})]
        return MultiModelSearchCV(spaces, cv=3, **arguments)

    search([4], [0.1], journal=journal).fit(*regression)
    resumed = search([2, 4, 6], [0.1, 1.0], journal=journal).fit(*regression)
    assert resumed.search_stats_.evaluations_from_journal == 6
    assert resumed.search_stats_.path_fits_saved == 3
    assert resumed.search_stats_.shared_steps == 3
    assert_same_results(resumed.cv_results_, search([2, 4, 6], [0.1, 1.0]).fit(*regression).cv_results_)


@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite")
@pytest.mark.parametrize(("fails", "retry_failed", "again"), [(1, False, 0), (1, True, 3), (2, False, 3)])
def test_failures_are_tried_again_where_they_may_go_better(log, journal, regression, fails, retry_failed, again):
    search = counted(log, [1.0], journal, space={"fails": [0, fails]}, retry_failed=retry_failed)
    with pytest.warns(FitFailedWarning, match="3 fits failed"):
        search.fit(*regression)
    n_fits(log)
    with pytest.warns(FitFailedWarning, match="3 fits failed"):
        search.fit(*regression)
    assert n_fits(log) == again
    assert search.failures_["kind"].tolist() == ["raised"] * 3
    assert search.failures_["candidate"].tolist() == [1] * 3


def test_an_error_that_is_to_be_raised_is_found_anew(log, journal, regression):
    search = counted(log, [1.0], journal, space={"fails": [1]}, error_score="raise")
    for _ in range(2):
        with pytest.raises(ValueError, match="cannot be fitted"):
            search.fit(*regression)
    assert n_fits(log) == 2


def test_scores_on_training_rows_are_computed_where_they_are_missing(log, journal, regression):
    counted(log, [1.0], journal).fit(*regression)
    n_fits(log)
    search = counted(log, [1.0], journal, return_train_score=True).fit(*regression)
    assert n_fits(log) == 3
    assert np.isfinite(search.cv_results_["mean_train_score"]).all()
    assert counted(log, [1.0], journal, return_train_score=True).fit(*regression).search_stats_.step_fits == 0
    plain = counted(log, [1.0], journal).fit(*regression)
    assert plain.search_stats_.step_fits == 0
    assert "mean_train_score" not in plain.cv_results_


def test_several_metrics_come_back_as_they_were(log, journal, regression):
    search = counted(log, [0.1, 1.0], journal, scoring=["r2", "neg_mean_absolute_error"])
    first = search.fit(*regression).cv_results_
    n_fits(log)
    assert_same_results(first, search.fit(*regression).cv_results_)
    assert n_fits(log) == 0


class ScalesByTwo(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X):
        return X * 2


def test_a_journal_holds_many_searches(log, journal, regression):
    counted(log, [0.1], journal).fit(*regression)
    pipeline = Pipeline([("scale", ScalesByTwo()), ("model", Ridge())])
    MultiModelSearchCV([("scaled", pipeline, {"model__alpha": [1.0, 2.0]})], cv=2, journal=journal).fit(*regression)
    frame = read_journal(journal)
    assert frame["estimator"].value_counts().to_dict() == {"ridge": 3, "scaled": 4}
    assert frame["search"].nunique() == 2
    assert frame["key"].is_unique


def test_a_dask_array_is_recognised(log, journal, regression):
    X, y = regression
    lazy = da.from_array(X, chunks=(60, -1))
    counted(log, [0.1], journal).fit(lazy, y)
    n_fits(log)
    assert counted(log, [0.1], journal).fit(lazy, y).search_stats_.evaluations_from_journal == 3
    assert n_fits(log) == 0


def test_what_workers_finish_is_known_inline_and_the_other_way_round(log, journal, regression, client):
    search = counted(log, [0.1, 1.0], journal).fit(*regression)
    assert set(read_journal(journal)["worker"]) <= set(client.scheduler_info(n_workers=-1)["workers"])
    inline = counted(log, [0.1, 1.0], journal, scheduler="inline").fit(*regression)
    assert inline.search_stats_.evaluations_from_journal == 6
    assert_same_results(search.cv_results_, inline.cv_results_)
