import pickle

import numpy as np
import pytest
from helpers import assert_same_results
from scipy.stats import loguniform, randint
from sklearn.base import BaseEstimator, TransformerMixin, clone, is_classifier, is_regressor
from sklearn.cluster import KMeans
from sklearn.exceptions import FitFailedWarning, NotFittedError
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import get_scorer, make_scorer, r2_score
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    RandomizedSearchCV,
    cross_validate,
)
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from multisearch import MultiModelSearchCV
from multisearch._sklearn_compat import weighs_samples

GRID = {"reduce__n_components": [2, 4], "model__alpha": [0.1, 1.0, 10.0]}


def without_estimator(results):
    return {name: values for name, values in results.items() if name != "estimator"}


class Recorder(TransformerMixin, BaseEstimator):
    """Notes the row numbers (the first column) that it is fitted on."""

    fitted_on: list = []  # noqa: RUF012 - outlives clones on purpose

    def fit(self, X, y=None):
        self.fitted_on.append(frozenset(X[:, 0].astype(int)))
        return self

    def transform(self, X):
        return X


class InPlaceScaler(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        self.mean_ = X.mean(axis=0)
        return self

    def transform(self, X):
        X -= self.mean_
        X *= 2
        return X


class FailsAbove(Ridge):
    def fit(self, X, y, sample_weight=None):
        if self.alpha > 1:
            raise RuntimeError(f"alpha is {self.alpha}")
        return super().fit(X, y, sample_weight)


def test_a_search_over_one_estimator_agrees_with_grid_search_to_the_bit(ridge_pipeline, regression):
    theirs = GridSearchCV(ridge_pipeline, GRID, return_train_score=True, scoring=["r2", "neg_max_error"], refit="r2")
    ours = MultiModelSearchCV(
        [("ridge", ridge_pipeline, GRID)], return_train_score=True, scoring=["r2", "neg_max_error"], refit="r2"
    )
    theirs.fit(*regression)
    ours.fit(*regression)
    assert_same_results(theirs.cv_results_, without_estimator(ours.cv_results_))
    assert list(theirs.cv_results_) == list(without_estimator(ours.cv_results_))
    assert ours.best_params_ == theirs.best_params_
    assert ours.best_score_ == theirs.best_score_
    np.testing.assert_array_equal(ours.predict(regression[0]), theirs.predict(regression[0]))


def test_a_search_over_one_estimator_agrees_with_randomized_search_to_the_bit(ridge_pipeline, regression):
    space = {"reduce__n_components": randint(2, 8), "model__alpha": loguniform(1e-2, 1e2)}
    theirs = RandomizedSearchCV(ridge_pipeline, space, n_iter=6, random_state=3).fit(*regression)
    ours = MultiModelSearchCV([("ridge", ridge_pipeline, space)], n_iter=6, random_state=3).fit(*regression)
    assert_same_results(theirs.cv_results_, without_estimator(ours.cv_results_))
    assert theirs.cv_results_["params"] == ours.cv_results_["params"]


def test_adding_an_estimator_changes_no_other_ones_settings(ridge_pipeline, lasso_pipeline, regression):
    space = {"model__alpha": loguniform(1e-2, 1e2)}
    alone = MultiModelSearchCV([("ridge", ridge_pipeline, space)], n_iter=3, random_state=0).fit(*regression)
    both = MultiModelSearchCV(
        [("lasso", lasso_pipeline, space), ("ridge", ridge_pipeline, space)], n_iter=3, random_state=0
    ).fit(*regression)
    assert both.cv_results_["params"][3:] == alone.cv_results_["params"]
    assert list(both.cv_results_["estimator"]) == ["lasso"] * 3 + ["ridge"] * 3


def test_sharing_steps_changes_no_score_and_saves_fits(two_pipelines, regression):
    shared = MultiModelSearchCV(two_pipelines, return_train_score=True).fit(*regression)
    alone = MultiModelSearchCV(two_pipelines, return_train_score=True, optimize=False).fit(*regression)
    assert_same_results(shared.cv_results_, alone.cv_results_)
    assert alone.search_stats_.step_fits_saved == 0
    # per fold: one scaler for all six instead of six, two reductions instead of four
    assert shared.search_stats_.step_fits_saved == 5 * (5 + 2)
    assert shared.search_stats_.step_fits == alone.search_stats_.step_fits - 35


def test_local_workers_give_the_same_results(two_pipelines, regression):
    inline = MultiModelSearchCV(two_pipelines, return_train_score=True).fit(*regression)
    workers = MultiModelSearchCV(two_pipelines, return_train_score=True, n_jobs=2).fit(*regression)
    assert_same_results(inline.cv_results_, workers.cv_results_)
    assert workers.search_stats_.workers == 2
    np.testing.assert_array_equal(inline.predict(regression[0]), workers.predict(regression[0]))


def test_the_active_client_gives_the_same_results(two_pipelines, regression, client):
    on_cluster = MultiModelSearchCV(two_pipelines).fit(*regression)
    inline = MultiModelSearchCV(two_pipelines, scheduler="inline").fit(*regression)
    assert on_cluster.search_stats_.workers == 2
    assert_same_results(inline.cv_results_, on_cluster.cv_results_)


def test_every_estimator_sees_the_same_folds(regression):
    X, y = regression
    shuffled = KFold(3, shuffle=True)  # other rows each time that it is asked
    search = MultiModelSearchCV([("one", Ridge(), {}), ("same", Ridge(), {})], cv=shuffled).fit(X, y)
    for fold in range(3):
        scores = search.cv_results_[f"split{fold}_test_score"]
        assert scores[0] == scores[1]


def test_no_test_row_reaches_a_fit_and_only_the_refit_sees_all(regression):
    X, y = regression
    X = np.column_stack([np.arange(len(X)), X])
    Recorder.fitted_on.clear()
    pipeline = Pipeline([("note", Recorder()), ("model", Ridge())])
    MultiModelSearchCV([("ridge", pipeline, {"model__alpha": [0.1, 1.0]})], cv=4).fit(X, y)
    folds = [frozenset(train) for train, _ in KFold(4).split(X)]
    seen = list(dict.fromkeys(Recorder.fitted_on))  # a check may fit on a fold once more
    assert seen == [*folds, frozenset(range(len(X)))]


def test_an_in_place_transformer_changes_nobody_elses_rows(regression):
    X, y = regression
    before = X.copy()
    chain = Pipeline([("centre", InPlaceScaler()), ("again", InPlaceScaler()), ("model", Ridge())])
    space = {"model__alpha": [0.1, 1.0, 10.0]}
    estimators = [("chain", chain, space), ("short", Pipeline(chain.steps[1:]), space), ("bare", Ridge(), {})]
    shared = MultiModelSearchCV(estimators, return_train_score=True).fit(X, y)
    np.testing.assert_array_equal(X, before)
    alone = MultiModelSearchCV(estimators, return_train_score=True, optimize=False).fit(X, y)
    assert_same_results(shared.cv_results_, alone.cv_results_)


def weighted_by_hand(estimator, X, y, sample_weight=None):
    return r2_score(y, estimator.predict(X), sample_weight=sample_weight)


@pytest.mark.parametrize(
    "scoring",
    [
        {},
        {"scoring": "r2"},
        {"scoring": make_scorer(r2_score)},
        {"scoring": weighted_by_hand},
        {"scoring": ["neg_mean_squared_error", "r2"], "refit": "r2"},
    ],
)
def test_weights_mean_in_score_what_they_mean_in_fit(scoring, regression):
    X, y = regression
    weights = np.linspace(0.1, 1.0, len(y))
    everything = np.arange(len(y))
    search = MultiModelSearchCV([("ridge", Ridge(), {})], cv=[(everything, everything)], **scoring)
    search.fit(X, y, sample_weight=weights)
    score = search.score(X, y, sample_weight=weights)

    assert score == r2_score(y, search.predict(X), sample_weight=weights)
    assert score != search.score(X, y)
    if weighs_samples(get_scorer("r2")) is not None:  # GridSearchCV weighs the scores of fits since scikit-learn 1.8
        assert score == search.best_score_


def test_clones_share_nothing_and_are_not_fitted(two_pipelines, regression):
    search = MultiModelSearchCV(two_pipelines, cv=2).fit(*regression)
    copy = clone(search)
    assert not hasattr(copy, "cv_results_")
    copy.set_params(ridge__model__alpha=99.0)
    assert search.get_params()["ridge__model__alpha"] != 99.0
    with pytest.raises(NotFittedError):
        copy.predict(regression[0])


def test_a_fitted_search_survives_pickling(two_pipelines, regression):
    search = MultiModelSearchCV(two_pipelines, cv=2).fit(*regression)
    restored = pickle.loads(pickle.dumps(search))
    np.testing.assert_array_equal(restored.predict(regression[0]), search.predict(regression[0]))
    assert restored.search_stats_ == search.search_stats_


def test_fit_leaves_its_arguments_and_estimators_as_they_were(two_pipelines, regression):
    search = MultiModelSearchCV(two_pipelines, cv=2)
    before = {name: repr(value) for name, value in search.get_params().items()}
    search.fit(*regression)
    assert {name: repr(value) for name, value in search.get_params().items()} == before
    assert not hasattr(two_pipelines[0][1].named_steps["model"], "coef_")


def test_kind_is_announced(regression):
    assert is_classifier(MultiModelSearchCV([("svc", SVC(), {})]))
    assert is_regressor(MultiModelSearchCV([("ridge", Ridge(), {})]))
    assert not is_classifier(MultiModelSearchCV([]))


def test_nested_cross_validation(two_pipelines, regression):
    scores = cross_validate(MultiModelSearchCV(two_pipelines, cv=2), *regression, cv=3)["test_score"]
    assert len(scores) == 3
    assert scores.min() > 0.5


def test_unsupervised_search():
    X = np.random.default_rng(0).normal(size=(60, 2))
    search = MultiModelSearchCV([("kmeans", KMeans(n_init=1, random_state=0), {"n_clusters": [2, 3]})], cv=2).fit(X)
    assert search.predict(X).shape == (60,)
    assert search.best_params_ == {"n_clusters": 3}


def test_classifiers_by_probability_and_label(classification):
    X, y = classification
    search = MultiModelSearchCV(
        [
            ("tree", DecisionTreeClassifier(random_state=0), {"max_depth": [1, 3]}),
            ("logistic", LogisticRegression(), {"C": [0.1, 1.0]}),
        ],
        scoring="neg_log_loss",
    ).fit(X, y)
    assert list(search.classes_) == ["high", "low", "middle"]
    np.testing.assert_allclose(search.predict_proba(X).sum(axis=1), 1.0)
    np.testing.assert_allclose(np.exp(search.predict_log_proba(X)), search.predict_proba(X))
    assert search.n_features_in_ == 8


def test_a_failing_candidate_gets_the_error_score_and_the_others_go_on(regression):
    search = MultiModelSearchCV(
        [("fails", FailsAbove(), {"alpha": [0.5, 2.0]}), ("ridge", Ridge(), {})], cv=3, error_score=-1.0
    )
    with pytest.warns(FitFailedWarning, match=r"3 fits failed out of a total of 9(.|\n)*alpha is 2.0"):
        search.fit(*regression)
    assert search.cv_results_["mean_test_score"][1] == -1.0
    assert search.cv_results_["rank_test_score"][1] == 3
    assert search.cv_results_["mean_test_score"][[0, 2]].min() > 0


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_errors_are_raised_as_they_are_when_asked_for(regression, n_jobs):
    search = MultiModelSearchCV([("fails", FailsAbove(), {"alpha": [2.0]})], error_score="raise", n_jobs=n_jobs)
    with pytest.raises(RuntimeError, match=r"alpha is 2.0"):
        search.fit(*regression)
    assert not hasattr(search, "cv_results_")


def test_a_second_fit_leaves_nothing_over_from_the_first(two_pipelines, regression):
    search = MultiModelSearchCV(two_pipelines, cv=2).fit(*regression)
    search.set_params(refit=False).fit(*regression)
    assert not hasattr(search, "best_estimator_")
    assert search.best_params_
    with pytest.raises(AttributeError, match="has no attribute"):
        search.predict(regression[0])


def test_refit_by_a_callable_and_by_name(two_pipelines, regression):
    last = MultiModelSearchCV(two_pipelines, cv=2, refit=lambda results: len(results["params"]) - 1).fit(*regression)
    assert last.best_estimator_name_ == "lasso"
    assert last.best_params_ == {"model__alpha": 1.0}
    assert not hasattr(last, "best_score_")
    by_name = MultiModelSearchCV(two_pipelines, cv=2, scoring=["r2", "neg_max_error"], refit="neg_max_error").fit(
        *regression
    )
    assert by_name.score(*regression) == by_name.scorer_["neg_max_error"](by_name.best_estimator_, *regression)


def test_groups_reach_the_splitter(regression):
    X, y = regression
    groups = np.arange(len(X)) % 4
    search = MultiModelSearchCV([("ridge", Ridge(), {})], cv=GroupKFold(4)).fit(X, y, groups=groups)
    assert search.n_splits_ == 4


def test_weights_reach_every_last_step(regression, ridge_pipeline):
    X, y = regression
    weights = np.linspace(0.1, 1.0, len(X))
    ours = MultiModelSearchCV([("pipe", ridge_pipeline, {}), ("bare", Ridge(), {})], scoring="r2").fit(
        X, y, sample_weight=weights
    )
    theirs = GridSearchCV(Ridge(), {}, scoring="r2").fit(X, y, sample_weight=weights)
    assert ours.cv_results_["mean_test_score"][1] == theirs.cv_results_["mean_test_score"][0]
    expected = clone(ridge_pipeline).fit(X, y, model__sample_weight=weights)
    refitted = MultiModelSearchCV([("pipe", ridge_pipeline, {})]).fit(X, y, sample_weight=weights)
    np.testing.assert_array_equal(refitted.predict(X), expected.predict(X))


def test_verbose_zero_prints_nothing_and_one_shows_progress(two_pipelines, regression, capsys):
    MultiModelSearchCV(two_pipelines, cv=2).fit(*regression)
    assert capsys.readouterr() == ("", "")
    MultiModelSearchCV(two_pipelines, cv=2, verbose=1).fit(*regression)
    shown = capsys.readouterr().out
    assert "12/12" in shown
    assert "best" in shown


def test_scaled_data_frames_keep_their_columns(regression):
    import pandas as pd

    X, y = regression
    frame = pd.DataFrame(X, columns=[f"x{column}" for column in range(8)])
    pipeline = Pipeline([("scale", StandardScaler().set_output(transform="pandas")), ("model", Ridge())])
    search = MultiModelSearchCV([("ridge", pipeline, {"model__alpha": [0.1, 1.0]})]).fit(frame, y)
    assert list(search.feature_names_in_) == list(frame.columns)
    assert list(search.best_estimator_.named_steps["model"].feature_names_in_) == list(frame.columns)


def test_a_fitted_search_may_be_asked_by_several_threads_and_processes(two_pipelines, regression):
    from concurrent.futures import ThreadPoolExecutor

    import joblib

    X, y = regression
    search = MultiModelSearchCV(two_pipelines, cv=2).fit(X, y)
    expected = search.predict(X)
    with ThreadPoolExecutor(4) as threads:
        by_threads = list(threads.map(search.predict, [X] * 8))
    by_processes = joblib.Parallel(n_jobs=2)(joblib.delayed(search.predict)(X) for _ in range(2))
    for predicted in [*by_threads, *by_processes]:
        np.testing.assert_array_equal(predicted, expected)


def test_every_estimator_is_drawn_side_by_side(two_pipelines, regression):
    search = MultiModelSearchCV(two_pipelines, cv=2)
    unfitted = search._repr_html_()
    assert "ridge: Pipeline" in unfitted
    assert "lasso: Pipeline" in unfitted
    fitted = search.fit(*regression)._repr_html_()
    assert f"best_estimator_, {search.best_estimator_name_}: Pipeline" in fitted
    assert "<script>alert" not in MultiModelSearchCV([("<script>alert(1)</script>", Ridge(), {})])._repr_html_()
