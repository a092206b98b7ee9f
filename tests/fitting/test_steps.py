import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from helpers import shown
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from multisearch._records import Candidate, SharedStep
from multisearch.fitting import Monitor, StepResult
from multisearch.fitting._shared import private_copy
from multisearch.fitting._steps import fit_steps, lent_to

CANDIDATE = Candidate(0, "model", {})


class OwnRidge(Ridge):
    pass


class Fills(TransformerMixin, BaseEstimator):
    """Gives back the same memory each time."""

    def fit(self, X, y=None):
        self.memory_ = np.empty(X.shape)
        self.n_asked_ = 0
        return self

    def transform(self, X):
        self.n_asked_ += 1
        self.memory_[: len(X)] = X
        return self.memory_[: len(X)]


class Uncopyable(Fills):
    def fit(self, X, y=None):
        self.only_one_ = (one for one in X)
        return super().fit(X, y)


class OwnPipeline(Pipeline):
    pass


@pytest.fixture
def lend(make_problem):
    """Fit a pipeline's first step, and lend it to the fit of the rest."""

    def lend(pipeline, **problem):
        problem = make_problem(pipeline, **problem)
        shared = fit_steps(problem, SharedStep("a", None, CANDIDATE, 0, 0, 1), None)
        return shared, lent_to(problem, CANDIDATE, problem.build(CANDIDATE), shared)

    return lend


def data(rows):
    return rows.data if scipy.sparse.issparse(rows) else rows


@pytest.mark.parametrize("convert", [np.array, scipy.sparse.csr_array, pd.DataFrame])
def test_known_classes_are_lent_rows_without_a_copy(lend, regression, convert):
    scale = StandardScaler(with_mean=False).set_output(transform="pandas" if convert is pd.DataFrame else "default")
    rows = convert(regression[0]), regression[1]
    shared, own = lend(make_pipeline(scale, StandardScaler(with_mean=False), Ridge()), rows=rows)

    copies_on_write = convert is not pd.DataFrame or int(pd.__version__.partition(".")[0]) >= 3
    assert np.shares_memory(data(own.train), data(shared.train)) == copies_on_write
    assert own.fitted[0] is shared.fitted[0]
    assert not shared.strange


@pytest.mark.parametrize(
    "rest",
    [
        [OwnRidge()],
        [FunctionTransformer(np.cbrt), Ridge()],
        [StandardScaler(), OwnRidge()],
    ],
    ids=shown,
)
def test_others_are_lent_copies(lend, rest):
    shared, own = lend(make_pipeline(StandardScaler(), *rest))

    assert not np.shares_memory(own.train, shared.train)
    assert own.train.flags.writeable


@pytest.mark.parametrize(
    "problem", [{"fit_params": {"ridge__sample_weight": len}}, {"monitor": Monitor(None, None, None)}], ids=shown
)
def test_so_are_known_classes_in_whose_fit_somebody_else_is(lend, problem):
    shared, own = lend(make_pipeline(StandardScaler(), Ridge()), **problem)

    assert not np.shares_memory(own.train, shared.train)


def test_a_pipeline_of_the_users_is_lent_copies(lend):
    shared, own = lend(OwnPipeline([("scale", StandardScaler()), ("model", Ridge())]))

    assert not np.shares_memory(own.train, shared.train)


def test_who_has_to_write_is_lent_a_copy(make_problem):
    problem = make_problem(make_pipeline(StandardScaler(), Ridge()))
    shared = private_copy(fit_steps(problem, SharedStep("a", None, CANDIDATE, 0, 0, 1), None))

    assert lent_to(problem, CANDIDATE, problem.build(CANDIDATE), shared).train.flags.writeable


def test_what_steps_of_the_users_give_is_kept_from_their_next_use(lend, regression, splitter):
    train, test = next(splitter.split(regression[0]))
    shared, own = lend(make_pipeline(Fills(), Ridge()))

    np.testing.assert_array_equal(shared.train, regression[0][train])
    np.testing.assert_array_equal(shared.test, regression[0][test])
    assert shared.strange == {0}
    assert own.fitted[0].n_asked_ == 1, "as after fit_transform"


@pytest.mark.parametrize(
    ("scoring", "is_own"), [("r2", False), (["r2", "neg_max_error"], False), (lambda model, X, y: 1.0, True)], ids=shown
)
def test_steps_are_copied_where_a_scorer_may_reach_them(lend, scoring, is_own):
    shared, own = lend(make_pipeline(StandardScaler(), Ridge()), scoring=scoring)

    assert (own.fitted[0] is not shared.fitted[0]) == is_own


def test_what_cannot_be_copied_is_not_shared(make_problem):
    problem = make_problem(make_pipeline(StandardScaler(), Uncopyable(), Ridge()))
    first = fit_steps(problem, SharedStep("a", None, CANDIDATE, 0, 0, 1), None)

    assert fit_steps(problem, SharedStep("b", "a", CANDIDATE, 0, 1, 2), first) == StepResult()


def test_who_stands_on_what_is_not_shared_begins_with_the_raw_rows(make_runner):
    runner = make_runner(make_pipeline(Uncopyable(), StandardScaler(), Ridge()))
    nothing = runner.shared(0, 1)
    second = runner.shared(1, 2, parent=nothing)

    assert nothing.fitted == ()
    assert nothing.failure is None
    assert runner.outcome(shared=nothing).test_scores == runner.outcome().test_scores
    assert runner.outcome(shared=second).test_scores == runner.outcome().test_scores
