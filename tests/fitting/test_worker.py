import pickle
import sys
import threading
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from joblib import cpu_count
from lightgbm import LGBMRegressor
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import cross_validate
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler
from sklearn.svm import SVR

from multisearch._interrupts import uninterrupted
from multisearch._records import BatchResult, Candidate, Refit, RefitResult
from multisearch.fitting import collected_warnings, run_task


class Raising(Ridge):
    """Does in its fit what is to go wrong, as a model or as a transformer."""

    def __init__(self, go_wrong=None, alpha=1.0):
        super().__init__(alpha=alpha)
        self.go_wrong = go_wrong

    def fit(self, X, y):
        if self.go_wrong is not None:
            self.go_wrong()
        return super().fit(X, y)

    def transform(self, X):
        return X


def bad_rows():
    raise ValueError("bad rows")


def leave():
    raise SystemExit("enough")


def recurse():
    recurse()


class UnpicklableError(Exception):
    """Holds what cannot travel."""

    def __init__(self, text):
        super().__init__(text)
        self.lock = threading.Lock()


def get_stuck():
    raise UnpicklableError("stuck")


class SpeechlessError(Exception):
    """Cannot even say what it is about."""

    def __str__(self):
        raise RuntimeError("no words")


def fall_silent():
    raise SpeechlessError


def close():
    raise GeneratorExit("closed")


def interrupt():
    raise KeyboardInterrupt


class InPlace(TransformerMixin, BaseEstimator):
    """Writes into the rows it is given."""

    def __init__(self, factor=1.0):
        self.factor = factor

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        if isinstance(X, list):
            for row in X:
                row[0] *= self.factor
                row[1] += self.factor
        elif isinstance(X, pd.DataFrame):
            X.isetitem(0, X.iloc[:, 0] * self.factor)
            X.iloc[:, 1] += self.factor
        elif scipy.sparse.issparse(X):
            X.data *= 1 + self.factor * np.arange(X.nnz)
        else:
            X[:, 0] *= self.factor
            X[:, 1] += self.factor
        return X


class PredictsInPlace(Ridge):
    """Writes into the rows it predicts for, but not into those it is trained on."""

    def predict(self, X):
        X *= 2
        return super().predict(X) / 2


class ClippedPipeline(Pipeline):
    """A Pipeline that scikit-learn fits, but that predicts in its own way."""

    def predict(self, X):
        return np.clip(super().predict(X), 0, None)


class Lists(TransformerMixin, BaseEstimator):
    """Makes a list of each row."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return np.asarray(X).tolist()


def as_frames(step):
    return step.set_output(transform="pandas")


def to_sparse(X):
    return scipy.sparse.csr_array(X)


@pytest.fixture
def pipeline():
    return Pipeline([("scale", StandardScaler()), ("reduce", PCA(4, random_state=0)), ("model", Ridge())])


def content(result):
    """Return all rows of a shared step's result, to compare them with later."""
    return pickle.dumps((result.train, result.stopping, result.test, result.scored_train))


def untimed(outcome):
    return replace(outcome, fit_time=0.0, score_time=0.0, seconds=0.0)


# Scores


def test_an_evaluation_gets_the_scores_of_scikit_learns_cross_validation(make_runner, pipeline, regression, splitter):
    expected = cross_validate(pipeline, *regression, cv=splitter, scoring="r2", return_train_score=True)
    runner = make_runner(pipeline, scoring="r2", return_train_score=True)

    for fold in range(3):
        outcome = runner.outcome(fold=fold)
        assert (outcome.test_scores, outcome.train_scores) == (
            expected["test_score"][fold],
            expected["train_score"][fold],
        )
        assert (outcome.candidate, outcome.fold, outcome.failure, outcome.n_iterations) == (0, fold, None, None)


def test_train_scores_are_left_out_unless_asked_for(make_runner, pipeline):
    assert make_runner(pipeline).outcome().train_scores is None


def test_a_batchs_outcomes_come_in_its_order(make_runner, pipeline):
    result = make_runner(pipeline).batch({"model__alpha": 1.0}, {"model__alpha": 10.0}, {"model__alpha": 1.0})

    assert isinstance(result, BatchResult)
    assert [outcome.candidate for outcome in result.outcomes] == [0, 1, 2]
    first, second, third = (outcome.test_scores for outcome in result.outcomes)
    assert first == third != second


@pytest.mark.parametrize(
    "scoring", [None, "r2", ["r2", "neg_mean_absolute_error"], lambda model, X, y: model.score(X, y)]
)
@pytest.mark.parametrize("path", [[(0, 2)], [(0, 1)], [(0, 1), (1, 2)]])
def test_sharing_steps_changes_no_score(make_runner, pipeline, scoring, path):
    runner = make_runner(pipeline, scoring=scoring, return_train_score=True)
    shared = None
    for start, stop in path:
        shared = runner.shared(start, stop, fold=1, parent=shared)
    params = {"model__alpha": 3.0}

    assert untimed(runner.outcome(params, fold=1, shared=shared)) == untimed(runner.outcome(params, fold=1))


@pytest.mark.parametrize(
    "step",
    [
        as_frames(MinMaxScaler()),
        FunctionTransformer(to_sparse),
        FunctionTransformer(np.asfortranarray),
        Lists(),
        "passthrough",
    ],
)
def test_sharing_changes_no_score_whatever_rows_a_step_makes(make_runner, regression, step):
    pipeline = Pipeline([("scale", as_frames(StandardScaler())), ("step", step), ("model", SVR())])
    frame = pd.DataFrame(regression[0], columns=list("abcdefgh"))
    runner = make_runner(pipeline, rows=(frame, regression[1]), return_train_score=True)
    steps = 1 if step == "passthrough" else 2

    assert untimed(runner.outcome(shared=runner.shared(0, steps))) == untimed(runner.outcome())


def test_a_precomputed_kernel_is_scored_as_scikit_learn_does(make_runner, regression, splitter):
    X, y = regression
    kernel = X @ X.T
    model = SVR(kernel="precomputed")
    expected = cross_validate(model, kernel, y, cv=splitter, return_train_score=True)
    outcome = make_runner(model, rows=(kernel, y), return_train_score=True).outcome(fold=2)

    assert (outcome.test_scores, outcome.train_scores) == (expected["test_score"][2], expected["train_score"][2])


def test_rows_without_targets_are_fitted_and_scored(make_runner, regression, splitter):
    model = Pipeline([("scale", StandardScaler()), ("model", KMeans(3, n_init=1, random_state=0))])
    expected = cross_validate(model, regression[0], cv=splitter)
    runner = make_runner(model, rows=(regression[0], None))

    assert runner.outcome().test_scores == expected["test_score"][0]
    assert runner.outcome(shared=runner.shared(0, 1)).test_scores == expected["test_score"][0]


def test_weights_are_split_with_the_rows_and_reach_the_steps_they_name(make_runner, regression, splitter):
    weights = np.random.default_rng(0).uniform(size=len(regression[1]))
    params = {"scale__sample_weight": weights, "model__sample_weight": weights}
    pipeline = Pipeline([("scale", StandardScaler()), ("model", Ridge())])
    expected = cross_validate(pipeline, *regression, cv=splitter, params=params)
    runner = make_runner(pipeline, fit_params=params)

    assert runner.outcome().test_scores == expected["test_score"][0]
    assert runner.outcome(shared=runner.shared(0, 1)).test_scores == expected["test_score"][0]


def test_a_callable_scorer_is_shown_the_whole_pipeline_and_the_rows_as_given(make_runner, pipeline, regression):
    seen = []

    def scorer(model, X, y):
        seen.append((model, X))
        return 0.0

    runner = make_runner(pipeline, scoring=scorer)
    runner.outcome(shared=runner.shared(0, 2))
    ((model, X),) = seen

    assert [name for name, _ in model.steps] == ["scale", "reduce", "model"]
    np.testing.assert_array_equal(X, regression[0][runner.problem.folds[0][0].test])


@pytest.mark.parametrize("scoring", [None, "r2"])
def test_a_pipeline_that_predicts_in_its_own_way_is_scored_by_that(make_runner, regression, splitter, scoring):
    pipeline = ClippedPipeline([("scale", StandardScaler()), ("model", Ridge())])
    expected = cross_validate(pipeline, *regression, cv=splitter, scoring=scoring)
    runner = make_runner(pipeline, scoring=scoring)

    assert runner.outcome(shared=runner.shared(0, 1)).test_scores == expected["test_score"][0]


# Failures


@pytest.mark.parametrize(
    ("go_wrong", "message"),
    [
        (bad_rows, "ValueError: bad rows"),
        (leave, "SystemExit: enough"),
        (close, "GeneratorExit: closed"),
        (recurse, "RecursionError: maximum recursion depth exceeded"),
        (get_stuck, "UnpicklableError: stuck"),
        (fall_silent, "SpeechlessError: no message"),
    ],
)
def test_whatever_a_fit_raises_comes_back_with_its_traceback(make_runner, go_wrong, message):
    failed, fine = make_runner(Raising()).batch({"go_wrong": go_wrong}, {"alpha": 2.0}).outcomes

    assert failed.failure.message.startswith(message)
    assert failed.failure.traceback.startswith("Traceback (most recent call last):")
    assert f"in {go_wrong.__name__}" in failed.failure.traceback
    assert not failed.failure.ends_search
    assert failed.test_scores is None
    assert fine.failure is None


def test_an_exception_travels_where_it_can(make_runner):
    runner = make_runner(Raising())
    travelling = runner.outcome({"go_wrong": bad_rows}).failure.exception

    assert isinstance(travelling, ValueError)
    assert str(pickle.loads(pickle.dumps(travelling))) == "bad rows"
    assert runner.outcome({"go_wrong": get_stuck}).failure.exception is None


def test_the_recursion_limit_is_left_alone(make_runner):
    limit = sys.getrecursionlimit()
    make_runner(Raising()).outcome({"go_wrong": recurse})

    assert sys.getrecursionlimit() == limit


def test_a_keyboard_interrupt_ends_a_batch_only_where_it_interrupts(make_runner):
    result = make_runner(Raising()).batch({}, {"go_wrong": interrupt}, {})
    assert isinstance(result.interrupt, KeyboardInterrupt)
    assert [outcome.failure for outcome in result.outcomes] == [None]

    on_worker = make_runner(Raising(), surroundings={"interrupts": uninterrupted})
    assert on_worker.outcome({"go_wrong": interrupt}).failure.message == "KeyboardInterrupt: "


def test_a_shared_step_that_fails_fails_every_evaluation_and_step_behind_it(make_runner, pipeline):
    runner = make_runner(pipeline)
    failed = runner.shared(0, 1, params={"scale": Lists(), "scale__missing": 1})
    behind = runner.shared(1, 2, parent=failed)
    outcomes = runner.batch({}, {"model__alpha": 2.0}, shared=behind).outcomes

    assert failed.failure.message.startswith("ValueError: Invalid parameter 'missing'")
    assert behind is failed
    assert {outcome.failure for outcome in outcomes} == {failed.failure}
    assert {outcome.test_scores for outcome in outcomes} == {None}


@pytest.mark.parametrize("which", ["fit", "transform"])
def test_a_system_exit_in_a_shared_step_is_an_outcome(make_runner, pipeline, which):
    step = Raising(leave) if which == "fit" else FunctionTransformer(lambda _: leave())
    failed = make_runner(pipeline).shared(0, 1, params={"scale": step})

    assert failed.failure.message == "SystemExit: enough"


def test_a_scorer_that_fails_gives_the_error_score(make_runner, pipeline):
    def scorer(model, X, y):
        raise ZeroDivisionError

    with pytest.warns(UserWarning, match="Scoring failed"):
        outcome = make_runner(pipeline, scoring=scorer, error_score=-3.0).outcome()

    assert (outcome.test_scores, outcome.failure) == (-3.0, None)


def test_with_raise_a_scorers_error_ends_the_search(make_runner, pipeline):
    def scorer(model, X, y):
        raise ZeroDivisionError("by zero")

    failure = make_runner(pipeline, scoring=scorer, error_score="raise").outcome().failure

    assert failure.message == "ZeroDivisionError: by zero"
    assert failure.ends_search
    assert isinstance(failure.exception, ZeroDivisionError)


@pytest.mark.parametrize("error_score", [np.nan, "raise"])
def test_a_scorer_that_returns_no_number_ends_the_search(make_runner, pipeline, error_score):
    failure = make_runner(pipeline, scoring=lambda *_: "good", error_score=error_score).outcome().failure

    assert failure.message.startswith("ValueError: scoring must return a number, got good")
    assert failure.ends_search


def test_a_scorer_that_leaves_is_an_outcome(make_runner, pipeline):
    failure = make_runner(pipeline, scoring=lambda *_: leave()).outcome().failure

    assert failure.message == "SystemExit: enough"
    assert not failure.ends_search


# Rows that nobody else may see changed


@pytest.mark.parametrize(
    "before", [StandardScaler(), as_frames(StandardScaler()), FunctionTransformer(to_sparse), Lists()]
)
def test_a_transformer_that_works_in_place_changes_nobody_elses_rows(make_runner, before):
    pipeline = Pipeline([("before", before), ("change", InPlace()), ("model", SVR())])
    runner = make_runner(pipeline, return_train_score=True)
    shared = runner.shared(0, 1)
    as_they_were = content(shared)
    settings = [{"change__factor": factor} for factor in (0.0, 3.0, -2.0)]
    outcomes = runner.batch(*settings, shared=shared).outcomes

    assert [outcome.failure for outcome in outcomes] == [None, None, None]
    assert content(shared) == as_they_were
    alone = [runner.outcome(setting) for setting in settings]
    assert [outcome.test_scores for outcome in outcomes] == [outcome.test_scores for outcome in alone]
    assert [outcome.train_scores for outcome in outcomes] == [outcome.train_scores for outcome in alone]
    assert len({outcome.test_scores for outcome in outcomes}) == 3


@pytest.mark.parametrize(
    "before", [StandardScaler(), as_frames(StandardScaler()), FunctionTransformer(to_sparse), Lists()]
)
def test_a_shared_step_that_works_in_place_leaves_the_rows_above_it_alone(make_runner, before):
    pipeline = Pipeline([("before", before), ("change", InPlace()), ("model", SVR())])
    runner = make_runner(pipeline, return_train_score=True)
    above = runner.shared(0, 1)
    as_they_were = content(above)
    below = runner.shared(1, 2, params={"change__factor": 3.0}, parent=above)

    assert content(above) == as_they_were
    assert below.failure is None
    params = {"change__factor": 3.0}
    assert untimed(runner.outcome(params, shared=below)) == untimed(runner.outcome(params))


def test_a_model_that_works_in_place_is_fitted_on_a_copy_of_its_own(make_runner):
    pipeline = Pipeline([("scale", StandardScaler()), ("model", LinearRegression(copy_X=False))])
    runner = make_runner(pipeline)
    shared = runner.shared(0, 1)
    as_they_were = content(shared)
    outcome = runner.outcome(shared=shared)

    assert outcome.failure is None
    assert outcome.test_scores == runner.outcome().test_scores
    assert content(shared) == as_they_were
    assert not shared.train.flags.writeable


@pytest.mark.parametrize("scoring", [None, "r2", ["r2", "neg_mean_absolute_error"]])
def test_a_model_that_predicts_in_place_is_scored_as_alone(make_runner, scoring):
    pipeline = Pipeline([("scale", StandardScaler()), ("model", PredictsInPlace())])
    runner = make_runner(pipeline, scoring=scoring, return_train_score=True)
    shared = runner.shared(0, 1)
    as_they_were = content(shared)

    assert untimed(runner.outcome(shared=shared)) == untimed(runner.outcome())
    assert content(shared) == as_they_were


def test_an_error_that_only_speaks_of_read_only_rows_is_still_an_error(make_runner):
    def complain(X):
        raise ValueError("this database is read-only")

    pipeline = Pipeline([("scale", StandardScaler()), ("step", FunctionTransformer(complain)), ("model", Ridge())])
    runner = make_runner(pipeline)

    assert runner.outcome(shared=runner.shared(0, 1)).failure.message == "ValueError: this database is read-only"


def test_the_callers_rows_and_estimators_stay_as_they_are(make_runner, regression):
    X, y = (part.copy() for part in regression)
    pipeline = Pipeline([("change", InPlace(3.0)), ("model", Ridge())])
    runner = make_runner(pipeline, rows=(X, y))
    runner.outcome(shared=runner.shared(0, 1))
    runner.outcome()
    run_task(runner.problem, Refit("refit", Candidate(0, "model", {})), None, runner.surroundings)

    np.testing.assert_array_equal(X, regression[0])
    np.testing.assert_array_equal(y, regression[1])
    assert X.flags.writeable
    assert not hasattr(pipeline.named_steps["model"], "coef_")


# Times


@pytest.fixture
def slow(make_runner, pipeline):
    """Return a runner and a shared step that is said to have taken long."""
    runner = make_runner(pipeline, scoring="r2")
    return runner, replace(runner.shared(0, 2), fit_seconds=1000.0, score_seconds=500.0, seconds={"0-2": 1500.0})


def test_a_candidates_times_include_those_of_its_shared_steps(slow):
    runner, shared = slow
    outcome = runner.outcome(shared=shared)

    assert 1000 < outcome.fit_time < 1500
    assert 500 < outcome.score_time < 1000
    assert 0 < outcome.seconds < 500


def test_steps_that_a_scorer_runs_again_are_not_counted_twice(slow):
    runner, shared = slow
    runner.problem = replace(runner.problem, scorers={"model": lambda model, X, y: model.score(X, y)})

    assert 0 < runner.outcome(shared=shared).score_time < 500


def test_a_batch_tells_what_its_shared_steps_took(slow):
    runner, shared = slow

    assert runner.batch({}, shared=shared).shared_seconds == {"0-2": 1500.0}
    assert runner.batch({}).shared_seconds == {}


def test_times_add_up_along_a_path_of_shared_steps(make_runner, pipeline):
    runner = make_runner(pipeline)
    one = replace(runner.shared(0, 1), fit_seconds=1000.0, score_seconds=500.0, seconds={"0-1": 1500.0})
    two = runner.shared(1, 2, parent=one)

    assert 1000 < two.fit_seconds < 1500
    assert 500 < two.score_seconds < 1000
    assert two.seconds["0-1"] == 1500
    assert 0 < two.seconds["1-2"] < 500


def test_a_fit_that_fails_takes_its_time_too(make_runner, slow):
    runner, shared = slow
    failed = runner.outcome({"model": Raising(bad_rows)}, shared=shared)
    failed_step = runner.shared(0, 1, params={"scale": Raising(bad_rows)})

    assert 1000 < failed.fit_time < 1500
    assert failed.score_time == 0
    assert failed.seconds > 0
    assert runner.outcome(shared=failed_step).fit_time == failed_step.fit_seconds > 0


# Surroundings


def warn_in_fit(X):
    warnings.warn("careful", UserWarning, stacklevel=1)
    return X


def collected():
    return collected_warnings([("default", None, Warning, None, 0)])


def test_warnings_of_a_fit_and_of_its_shared_steps_come_with_the_outcome(make_runner, pipeline):
    runner = make_runner(pipeline, surroundings={"watch": collected})
    shared = runner.shared(0, 1, params={"scale": FunctionTransformer(warn_in_fit)})
    outcome = runner.outcome(
        {"reduce": FunctionTransformer(lambda X: warnings.warn("else", stacklevel=1) or X)}, shared=shared
    )

    assert [one.message for one in shared.warnings] == ["careful"]
    assert [one.message for one in outcome.warnings] == ["careful", "else"]


def test_a_fit_that_fails_keeps_its_warnings(make_runner, pipeline):
    runner = make_runner(pipeline, surroundings={"watch": collected})
    outcome = runner.outcome({"reduce": FunctionTransformer(warn_in_fit), "model": Raising(bad_rows)})

    assert outcome.failure.message == "ValueError: bad rows"
    assert [one.message for one in outcome.warnings] == ["careful"]


def test_nobody_watching_leaves_warnings_their_usual_way(make_runner, pipeline):
    with pytest.warns(UserWarning, match="careful"):
        outcome = make_runner(pipeline).outcome({"reduce": FunctionTransformer(warn_in_fit)})

    assert outcome.warnings == ()


def test_native_threads_are_limited_for_a_candidate_but_not_for_the_refit(make_runner):
    seen = []
    cores = cpu_count(only_physical_cores=True)
    limit = 1 if cores > 1 else 2
    fit_params = {"callbacks": [lambda env: seen.append(env.params["num_threads"])]}
    runner = make_runner(
        LGBMRegressor(n_estimators=1, verbosity=-1), fit_params=fit_params, surroundings={"native_threads": limit}
    )
    runner.outcome()
    refit(runner)

    assert seen == [limit, cores]


# The refit


def refit(runner, params=None, iterations=None):
    task = Refit("refit", Candidate(0, "model", params or {}), iterations)
    return run_task(runner.problem, task, None, runner.surroundings)


def test_the_refit_is_a_fit_on_all_rows(make_runner, pipeline, regression):
    result = refit(make_runner(pipeline), {"model__alpha": 3.0})
    expected = pipeline.set_params(model__alpha=3.0).fit(*regression)

    assert isinstance(result, RefitResult)
    assert result.failure is None
    assert result.seconds > 0
    np.testing.assert_array_equal(result.estimator.predict(regression[0]), expected.predict(regression[0]))


def test_the_refit_takes_the_iterations_it_is_given(make_runner):
    result = refit(make_runner(LGBMRegressor(n_estimators=50, verbosity=-1, n_jobs=1)), iterations=7)

    assert result.estimator.n_estimators_ == 7


def test_the_refit_uses_the_users_own_memory(make_runner, tmp_path):
    pipeline = Pipeline([("scale", StandardScaler()), ("model", Ridge())], memory=str(tmp_path))
    result = refit(make_runner(pipeline))

    assert result.estimator.memory == str(tmp_path)
    assert list(tmp_path.iterdir()) != []


def test_a_refit_that_fails_comes_back_as_a_failure(make_runner):
    result = refit(make_runner(Raising()), {"go_wrong": leave})

    assert result.estimator is None
    assert result.failure.message == "SystemExit: enough"


def test_the_refits_warnings_come_with_it(make_runner, pipeline):
    runner = make_runner(pipeline, surroundings={"watch": collected})

    assert [one.message for one in refit(runner, {"scale": FunctionTransformer(warn_in_fit)}).warnings] == ["careful"]
