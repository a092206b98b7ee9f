import random
import time

import numpy as np
import pytest
from scipy.stats import loguniform, randint
from sklearn.base import clone
from sklearn.ensemble import RandomForestRegressor
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import Lasso, Ridge
from sklearn.model_selection import KFold
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from multisearch import EarlyStopping, MultiModelSearchCV, SearchPlan
from multisearch.arguments import _prepare

COUNTS = ("evaluations", "shared_steps", "step_fits", "step_fits_saved", "path_fits_saved")
FOREST = Pipeline([("scale", StandardScaler()), ("model", RandomForestRegressor(random_state=0))])


class FailsAbove(Ridge):
    def fit(self, X, y):
        if self.alpha > 1:
            raise RuntimeError(f"alpha is {self.alpha}")
        return super().fit(X, y)


class NeverFits(Ridge):
    def fit(self, X, y):
        raise AssertionError("nothing is to be fitted")


@pytest.fixture
def estimators(two_pipelines):
    trees = {"model__n_estimators": [2, 4, 6], "model__max_depth": [2, 3]}
    return [*two_pipelines, ("forest", FOREST, trees), ("alone", Ridge(), {})]


@pytest.fixture
def search(estimators):
    return MultiModelSearchCV(estimators, cv=3, refit=False)


def counts(numbers):
    return {name: getattr(numbers, name) for name in COUNTS}


@pytest.mark.parametrize("optimize", [True, False])
def test_the_counts_are_those_of_the_fit(search, regression, optimize):
    search.set_params(optimize=optimize)
    plan = search.plan(*regression)
    assert counts(plan) == counts(search.fit(*regression).search_stats_)
    assert bool(plan.step_fits_saved) is bool(plan.path_fits_saved) is optimize


def test_the_counts_are_those_of_a_fit_that_stops_early(regression):
    from lightgbm import LGBMRegressor

    trees = Pipeline([("scale", StandardScaler()), ("model", LGBMRegressor(n_estimators=5, verbosity=-1))])
    search = MultiModelSearchCV(
        [
            ("trees", trees, {"model__max_depth": [2, 3]}),
            ("ridge", Pipeline([("scale", StandardScaler()), ("model", Ridge())]), {"model__alpha": [0.1, 1.0]}),
        ],
        early_stopping=EarlyStopping(patience=2),
        cv=3,
        random_state=0,
    )
    plan = search.plan(*regression, measure=True)
    assert counts(plan) == counts(search.fit(*regression).search_stats_)
    assert str(plan).count("without the rows held back for stopping") == 1


def test_the_parts_add_up_to_the_whole(search, regression):
    plan = search.plan(*regression)
    assert [part.name for part in plan.estimators] == ["ridge", "lasso", "forest", "alone"]
    by_name = {part.name: part for part in plan.estimators}
    assert [by_name[name].step_fits for name in by_name] == [3 * (1 + 2 + 4), 3 * 2, 3 * 2, 3]
    assert by_name["ridge"].saved_by_sharing == 3 * (4 * 2 - 3)
    assert by_name["lasso"].saved_by_sharing == 3 * 2
    assert (by_name["forest"].saved_by_paths, by_name["forest"].path_fits_saved) == (3 * 4 * 2, 3 * 4)
    assert plan.step_fits + plan.step_fits_saved == 3 * (4 * 3 + 2 * 2 + 6 * 2 + 1)
    assert plan.candidates == 4 + 2 + 6 + 1


def test_without_measuring_nothing_is_fitted_or_started(regression):
    plan = MultiModelSearchCV([("never", NeverFits(), {"alpha": [1, 2]})], scheduler="tcp://nowhere:1").plan(
        *regression
    )
    assert (plan.workers, plan.expected_seconds, plan.work_seconds, plan.longest_seconds) == (None, None, None, None)
    assert plan.estimators[0].seconds_per_evaluation is plan.estimators[0].work_seconds is None
    assert "would run on the dask cluster at tcp://nowhere:1" in str(plan)


@pytest.mark.parametrize("measure", [False, True])
def test_a_plan_leaves_the_search_as_it_was(search, regression, measure):
    before = {name: repr(value) for name, value in vars(search).items()}
    assert isinstance(search.plan(*regression, measure=measure), SearchPlan)
    assert {name: repr(value) for name, value in vars(search).items()} == before
    with pytest.raises(NotFittedError):
        check_is_fitted(search)
    search.fit(*regression)
    fitted = dict(vars(search))
    search.plan(*regression, measure=measure)
    assert all(vars(search)[name] is value for name, value in fitted.items())


@pytest.mark.parametrize("random_state", [None, 0, "generator"])
def test_a_plan_uses_up_no_random_numbers(regression, random_state):
    space = {"max_depth": randint(1, 5), "min_samples_split": loguniform(0.01, 0.5)}
    trees = RandomForestRegressor(n_estimators=3)  # draws from the global generator

    def results(*, with_plan):
        np.random.seed(3)  # noqa: NPY002
        random.seed(3)
        state = np.random.RandomState(1) if random_state == "generator" else random_state
        folds = KFold(2, shuffle=True, random_state=np.random.RandomState(2))
        search = MultiModelSearchCV([("trees", trees, space)], n_iter=3, cv=folds, random_state=state)
        if with_plan:
            search.plan(*regression, measure=True)
        search.fit(*regression)
        return search.cv_results_["params"], np.random.random(), random.random()  # noqa: NPY002

    assert results(with_plan=True) == results(with_plan=False)


def test_measured_it_says_how_long_the_search_may_take(search, regression):
    plan = search.plan(*regression, measure=True)
    times = [plan.work_seconds, plan.expected_seconds, plan.longest_seconds]
    times += [part.seconds_per_evaluation for part in plan.estimators]
    times += [part.work_seconds for part in plan.estimators]
    assert all(np.isfinite(time) and time > 0 for time in times)
    assert plan.workers == 1
    assert "expected to take" in str(plan)
    assert counts(plan) == counts(search.plan(*regression))


class Clock:
    """Stands still but for what fits, transformations and predictions say that they take."""

    seconds = 0.0


class SlowScaler(StandardScaler):
    def fit(self, X, y=None):
        Clock.seconds += 8.0
        return super().fit(X, y)

    def transform(self, X):
        Clock.seconds += 1.0
        return super().transform(X)


class SlowRidge(Ridge):
    def fit(self, X, y):
        Clock.seconds += 4.0
        return super().fit(X, y)

    def predict(self, X):
        Clock.seconds += 0.5
        return super().predict(X)


class SlowLasso(Lasso):
    def fit(self, X, y):
        Clock.seconds += 32.0
        return super().fit(X, y)


def test_where_fits_of_a_kind_take_equally_long_the_search_takes_what_was_expected(monkeypatch, regression):
    monkeypatch.setattr(time, "perf_counter", lambda: Clock.seconds)
    monkeypatch.setattr(_prepare, "SHARE", 0.0)  # checks come on top
    estimators = [
        ("ridge", Pipeline([("scale", SlowScaler()), ("model", SlowRidge())]), {"model__alpha": [0.1, 1.0, 10.0]}),
        ("lasso", Pipeline([("scale", SlowScaler()), ("model", SlowLasso())]), {"model__alpha": [0.1, 1.0]}),
        ("alone", SlowRidge(), {}),
    ]
    search = MultiModelSearchCV(estimators, cv=3, refit=False)
    plan = search.plan(*regression, measure=True)
    stats = search.fit(*regression).search_stats_
    by_hand = 3 * ((8.0 + 1.0 + 1.0) + 3 * 4.5 + 2 * 32.0 + 4.5)
    assert stats.wall_seconds == stats.busy_seconds == by_hand
    assert plan.expected_seconds == plan.work_seconds == by_hand
    assert plan.longest_seconds == 10.0 + 32.0
    assert [part.seconds_per_evaluation for part in plan.estimators] == [4.5, 32.0, 4.5]


class Sleeps(Ridge):
    def fit(self, X, y):
        time.sleep(0.2)
        return super().fit(X, y)


def test_it_is_measured_on_the_workers_that_would_be_used(regression, client):
    plan = MultiModelSearchCV([("sleeps", Sleeps(), {"alpha": [0.1, 1.0]})], cv=3).plan(*regression, measure=True)
    assert plan.workers == 2
    assert plan.work_seconds >= 6 * 0.2
    assert plan.longest_seconds == pytest.approx(plan.work_seconds / 6)
    assert plan.expected_seconds == pytest.approx(plan.work_seconds / 2)
    assert "of work on the active dask client's workers, 2 tasks at a time" in str(plan)


@pytest.mark.parametrize(
    ("error_score", "consequence"), [(np.nan, "give such evaluations the score nan"), ("raise", "end with this error")]
)
def test_a_trial_that_fails_is_reported_and_not_raised(regression, error_score, consequence):
    estimators = [("bad", FailsAbove(), {"alpha": [2, 3]}), ("good", Ridge(), {})]
    plan = MultiModelSearchCV(estimators, error_score=error_score).plan(*regression, measure=True)
    bad, good = plan.estimators
    assert bad.failure == f"the trial with {{'alpha': 3}} failed with RuntimeError: alpha is 3; fit would {consequence}"
    assert bad.seconds_per_evaluation is None
    assert good.failure is None
    assert good.seconds_per_evaluation > 0
    assert "! bad: the trial with" in str(plan)
    assert MultiModelSearchCV(estimators).plan(*regression).estimators[0].failure is None


def test_a_shared_step_that_fails_is_reported(regression):
    class Broken(StandardScaler):
        def fit(self, X, y=None, sample_weight=None):
            raise ValueError("broken scaler")

    pipeline = Pipeline([("scale", Broken()), ("model", Ridge())])
    plan = MultiModelSearchCV([("ridge", pipeline, {"model__alpha": [1, 2]})]).plan(*regression, measure=True)
    assert "ValueError: broken scaler" in plan.estimators[0].failure


def test_a_scorer_that_returns_no_number_would_end_the_fit(regression):
    search = MultiModelSearchCV([("ridge", Ridge(), {})], scoring=lambda *_: "good")
    assert search.plan(*regression, measure=True).estimators[0].failure.endswith("fit would end with this error")


def test_warnings_of_a_trial_are_given(regression, client):
    search = MultiModelSearchCV([("net", MLPRegressor(max_iter=2, random_state=0), {})], cv=2)
    with pytest.warns(ConvergenceWarning):
        search.plan(*regression, measure=True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"n_jobs": 0},
        {"scheduler": 3},
        {"refit": 3},
        {"cv": 1},
        {"n_iter": -1},
        {"scoring": "r3"},
        {"estimators": [("ridge", Ridge(), {"alhpa": [1]})]},
        {"early_stopping": 3},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_what_fit_refuses_a_plan_refuses(search, regression, wrong):
    search.set_params(**wrong)
    with pytest.raises((TypeError, ValueError)) as of_fit:
        search.fit(*regression)
    with pytest.raises(of_fit.type) as of_plan:
        search.plan(*regression)
    assert str(of_plan.value) == str(of_fit.value)


def test_folds_that_can_be_read_only_once_are_refused(search, regression):
    search.set_params(cv=KFold(3).split(*regression))
    with pytest.raises(TypeError, match=r"can be read only once, .* make a list of it"):
        search.plan(*regression)
    assert search.fit(*regression).n_splits_ == 3


def test_parameters_of_fit_count(regression):
    X, y = regression
    pipelines = [
        ("ridge", Pipeline([("scale", StandardScaler()), ("model", Ridge())]), {"model__alpha": [1, 2]}),
        ("lasso", Pipeline([("scale", StandardScaler()), ("model", Lasso())]), {"model__alpha": [1, 2]}),
    ]
    search = MultiModelSearchCV(pipelines, cv=3)
    params = {"ridge__scale__sample_weight": np.arange(len(y))}
    plan = search.plan(X, y, measure=True, **params)
    assert plan.shared_steps == 2 * 3
    assert counts(plan) == counts(search.fit(X, y, **params).search_stats_)


def test_dask_collections_are_planned_and_measured(search, regression):
    import dask.array as da

    X, y = (da.from_array(data, chunks=40) for data in regression)
    plan = search.plan(X, y, measure=True)
    assert counts(plan) == counts(search.plan(*regression))
    assert plan.expected_seconds > 0


def test_with_callbacks_no_fits_are_merged_and_nobody_is_told(search, regression):
    callbacks = pytest.importorskip("sklearn.callback")
    plan = search.plan(*regression)
    watched = clone(search).set_callbacks(callbacks.ProgressBar())
    assert plan.path_fits_saved > 0
    assert watched.plan(*regression, measure=True).path_fits_saved == 0
