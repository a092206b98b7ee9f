"""With metadata routing enabled, whoever requested a parameter gets it, and only they."""

import numpy as np
import pytest
from helpers import assert_same_results
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.metrics import get_scorer, r2_score
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from multisearch import EarlyStopping, MultiModelSearchCV


@pytest.fixture(autouse=True)
def routing():
    with config_context(enable_metadata_routing=True):
        yield


@pytest.fixture
def weights(regression):
    return np.linspace(0.1, 1.0, len(regression[1]))


@pytest.fixture
def groups(regression):
    return np.arange(len(regression[1])) % 6


class Marked(TransformerMixin, BaseEstimator):
    """Is fitted with a mark per row, which has to be the row's first column."""

    def fit(self, X, y=None, marks=None):
        np.testing.assert_array_equal(marks, X[:, 0])
        return self

    def transform(self, X):
        return X


@pytest.mark.parametrize("place", [{}, {"scheduler": "local", "n_jobs": 2}])
def test_requests_of_estimators_scorers_and_splitter_are_honoured(regression, weights, groups, place):
    X, y = regression
    pipeline = make_pipeline(
        StandardScaler().set_fit_request(sample_weight=False), Ridge().set_fit_request(sample_weight=True)
    )
    arguments = {"scoring": get_scorer("r2").set_score_request(sample_weight=True), "cv": GroupKFold(3)}
    grid = {"ridge__alpha": [0.1, 1.0]}
    theirs = GridSearchCV(pipeline, grid, **arguments).fit(X, y, sample_weight=weights, groups=groups)
    ours = MultiModelSearchCV(
        [("weighted", pipeline, grid), ("plain", LinearRegression().set_fit_request(sample_weight=False), {})],
        **arguments,
        **place,
    ).fit(X, y, sample_weight=weights, groups=groups)
    for name in ("mean_test_score", "split0_test_score"):
        np.testing.assert_array_equal(ours.cv_results_[name][:2], theirs.cv_results_[name])
    assert ours.score(X, y, sample_weight=weights) == r2_score(y, ours.predict(X), sample_weight=weights)


def test_a_parameter_that_nobody_decided_about_is_an_error(regression, weights):
    search = MultiModelSearchCV([("ridge", Ridge(), {})])
    with pytest.raises(UnsetMetadataPassedError, match="sample_weight"):
        search.fit(*regression, sample_weight=weights)


def test_a_parameter_that_nobody_wants_is_an_error(regression):
    search = MultiModelSearchCV([("ridge", Ridge(), {})])
    with pytest.raises(TypeError, match="unexpected"):
        search.fit(*regression, colours=np.zeros(len(regression[1])))


def test_a_shared_step_gets_its_parameter(regression):
    X, y = regression
    pipeline = Pipeline([("marked", Marked().set_fit_request(marks=True)), ("model", Ridge())])
    search = MultiModelSearchCV(
        [("one", pipeline, {"model__alpha": [0.1, 1.0]}), ("two", pipeline, {"model__alpha": [3.0]})],
        error_score="raise",
    )
    shared = search.fit(X, y, marks=X[:, 0])
    assert shared.search_stats_.shared_steps == 5
    results = shared.cv_results_
    assert_same_results(search.set_params(optimize=False).fit(X, y, marks=X[:, 0]).cv_results_, results)


def test_weights_reach_a_model_that_stops_early(regression, weights):
    from lightgbm import LGBMRegressor

    X, y = regression
    model = LGBMRegressor(n_estimators=30, verbose=-1, n_jobs=1, min_child_samples=5)
    pipeline = make_pipeline(StandardScaler(), model)
    stopping = EarlyStopping(patience=3)
    arguments = {"early_stopping": stopping, "random_state": 0, "cv": 2, "scoring": "r2"}
    pipeline = pipeline.set_params(standardscaler=StandardScaler().set_fit_request(sample_weight=False))
    pipeline.steps[-1][1].set_fit_request(sample_weight=True)
    scorer = get_scorer("r2").set_score_request(sample_weight=False)
    routed = MultiModelSearchCV([("trees", pipeline, {})], **{**arguments, "scoring": scorer})
    routed.fit(X, y, sample_weight=weights)
    with config_context(enable_metadata_routing=False):
        by_name = MultiModelSearchCV([("trees", make_pipeline(StandardScaler(), model), {})], **arguments)
        by_name.fit(X, y, lgbmregressor__sample_weight=weights)
    assert_same_results(by_name.cv_results_, routed.cv_results_)


def test_routing_is_reported_by_name(regression):
    search = MultiModelSearchCV([("ridge", Ridge().set_fit_request(sample_weight=True), {})], cv=GroupKFold(3))
    routing = search.get_metadata_routing()
    assert routing.consumes("fit", ["sample_weight", "groups", "other"]) == {"sample_weight", "groups"}
