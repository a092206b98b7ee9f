from dataclasses import replace

import numpy as np
import pytest
from sklearn.model_selection import KFold

from multisearch._records import Batch, Candidate, Evaluation, Fold, SharedStep
from multisearch.families import kind_of
from multisearch.fitting import Problem, StepResult, Surroundings, current_settings, make_scorers, run_task


def folds_of(splitter, X):
    return tuple(Fold(index, train, test) for index, (train, test) in enumerate(splitter.split(X)))


@pytest.fixture
def splitter():
    return KFold(3, shuffle=True, random_state=0)


@pytest.fixture
def make_problem(regression, splitter):
    """Make the problem of a search over one estimator, named "model", on the rows of `regression`."""

    def make(estimator, *, rows=None, scoring=None, fit_params=None, **changes):
        X, y = regression if rows is None else rows
        error_score = changes.get("error_score", np.nan)
        problem = Problem(
            X=X,
            y=y,
            estimators={"model": estimator},
            fit_params={"model": fit_params or {}},
            score_params={"model": {}},
            scorers=make_scorers({"model": estimator}, scoring, error_score),
            folds=[folds_of(splitter, X)],
            rules={},
            plain_variant=0,
            kind=kind_of(estimator),
            return_train_score=False,
            error_score=error_score,
            settings=current_settings(),
            warning_filters=(),
        )
        return replace(problem, **changes)

    return make


class Runner:
    """Runs tasks of one problem, whose candidates are numbered as they come."""

    def __init__(self, problem, **surroundings):
        self.problem = problem
        self.surroundings = Surroundings(**surroundings)

    def shared(self, start, stop, *, params=None, fold=0, parent=None):
        """Fit leading steps for candidates with these parameters."""
        task = SharedStep(f"{start}-{stop}", None, Candidate(0, "model", params or {}), fold, start, stop)
        result = run_task(self.problem, task, parent, self.surroundings)
        assert isinstance(result, StepResult)
        return result

    def batch(self, *settings, fold=0, shared=None):
        """Evaluate one candidate per setting."""
        evaluations = (Evaluation(Candidate(index, "model", params), fold) for index, params in enumerate(settings))
        return run_task(self.problem, Batch("batch-1", None, tuple(evaluations)), shared, self.surroundings)

    def outcome(self, params=None, *, fold=0, shared=None):
        """Evaluate one candidate."""
        (outcome,) = self.batch(params or {}, fold=fold, shared=shared).outcomes
        return outcome


@pytest.fixture
def make_runner(make_problem):
    """Make a runner for one estimator; see `make_problem`."""

    def make(estimator, *, surroundings=None, **problem):
        return Runner(make_problem(estimator, **problem), **(surroundings or {}))

    return make
