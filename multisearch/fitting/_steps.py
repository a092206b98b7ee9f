"""Shared steps: fitted on one fold, and lent to those who may have them."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from typing import Any

from multisearch._interrupts import raise_interrupt
from multisearch._records import Candidate, Fold, Rows, SharedStep
from multisearch.families import active_steps, is_exactly, is_harmless, is_known, last_step
from multisearch.fitting._problem import Problem
from multisearch.fitting._rows import handed_over, locked, private
from multisearch.fitting._scoring import only_looks_at_predictions, scores_on_transformed_rows
from multisearch.fitting._shared import StepResult, handed_out, lent


def lent_to(problem: Problem, candidate: Candidate, estimator: Any, shared: StepResult) -> StepResult:
    """Return shared steps as the fit of one candidate may have them."""
    known = _behaves(problem, candidate, estimator, len(shared.fitted))
    return lent(shared, known=known, copies=_to_copy(problem, candidate, estimator, shared))


class _CannotBeSharedError(Exception):
    """Says that something the user's steps have made exists only once, or that rows to score do not pass through."""


def fit_steps(problem: Problem, task: SharedStep, parent: StepResult | None) -> StepResult:
    """Fit a task's steps, and pass all rows of its fold through them.

    What steps that are not known give is copied at once, and so are these steps: they may use their memory again, or
    transform the next rows otherwise. What cannot be copied cannot be shared, nor can what fails on rows to score,
    which is no failure of a fit. Then the result is without any steps; who stands on it begins with the raw rows, as
    alone.
    """
    above = StepResult() if parent is None else parent
    start = time.perf_counter()
    try:
        passing = _Passing(problem, task, parent)
        train = passing.fit()
        stopping = passing.through("stopping", passing.fold.stopping)
        fitted_at = time.perf_counter()
        test = passing.through_to_be_scored("test", passing.fold.test)
        scored_at = time.perf_counter()
        scored = passing.fold.train if problem.return_train_score else None
        scored_train = passing.through_to_be_scored("scored_train", scored)
    except _CannotBeSharedError:
        return StepResult()
    return StepResult(
        fitted=passing.kept,
        train=train,
        stopping=stopping,
        test=test,
        scored_train=scored_train,
        fit_seconds=above.fit_seconds + fitted_at - start,
        score_seconds=above.score_seconds + scored_at - fitted_at,
        strange=above.strange.union(() if passing.known else range(len(above.fitted), len(passing.kept))),
    )


class _Passing:
    """The steps of one task, and the rows on their way through them.

    Attributes
    ----------
    fold : Fold
    known : bool
        Whether the steps are of classes that are known.
    kept : tuple of transformer
        All steps so far as they were after they were fitted, for others to use.
    """

    def __init__(self, problem: Problem, task: SharedStep, parent: StepResult | None) -> None:
        self._problem = problem
        self._task = task
        self._parent = parent
        self._pipeline = problem.build(task.candidate)
        self._n_above = 0 if parent is None else len(parent.fitted)
        self._fitted: Sequence[Any] = ()
        self.fold = problem.fold(task.candidate, task.fold)
        self.known = _behaves(problem, task.candidate, self._pipeline, self._n_above, task.stop)
        self.kept: tuple[Any, ...] = ()

    def fit(self) -> Any:
        """Return the rows to train on, transformed."""
        problem, task = self._problem, self._task
        own = None
        if self._parent is not None:
            copies = _to_copy(problem, task.candidate, self._pipeline, self._parent, is_scored=False)
            own = lent(self._parent, known=self.known, copies=copies)
        X, y = training_rows(problem, self._pipeline, self.fold, own)
        with handed_out(self._pipeline, own, task.stop) as memory:
            self._pipeline.fit(X, y, **problem.fit_params_of(task.candidate.estimator, self.fold.train))
        above = () if self._parent is None else self._parent.fitted
        self._fitted = memory.fitted[self._n_above :]
        self.kept = (*above, *(self._fitted if self.known else _copied(self._fitted)))
        return self._for_others(memory.train)

    def through(self, which: str, rows: Rows | None) -> Any:
        """Return rows of the fold transformed, or None where nobody needs them."""
        if rows is None:
            return None
        if self._parent is None:
            X = self._problem.rows(self._pipeline, rows, self.fold.train)[0]
        else:
            X = handed_over(getattr(self._parent, which), known=self.known and not self._parent.is_private)
        for step in self._fitted:
            X = step.transform(X)
        return self._for_others(X)

    def through_to_be_scored(self, which: str, rows: Rows | None) -> Any:
        """Return rows of the fold transformed, which may fail: what that means is up to the scorer."""
        try:
            return self.through(which, rows)
        except Exception as error:
            raise_interrupt(error)
            raise _CannotBeSharedError from error

    def _for_others(self, rows: Any) -> Any:
        return locked(rows if self.known else _copied(rows))


def _copied(made: Any) -> Any:
    try:
        return private(made)
    except Exception as error:
        raise_interrupt(error)
        raise _CannotBeSharedError from error


def training_rows(problem: Problem, estimator: Any, fold: Fold, own: StepResult | None) -> tuple[Any, Any]:
    """Return X and y to train on, of which X may be what shared steps, lent to this fit, have made of it."""
    if own is None:
        return problem.rows(estimator, fold.train)
    return own.train, problem.targets(fold.train)


def _to_copy(
    problem: Problem, candidate: Candidate, estimator: Any, shared: StepResult, *, is_scored: bool = True
) -> Collection[int]:
    """Return which of the shared steps somebody may use or change, so that others must not have the same.

    Where only the last step is scored, nobody touches those before; a scorer or a callback of the user's may do
    anything to all.
    """
    name = candidate.estimator
    scorer, score_params = problem.scorers[name], problem.score_params[name]
    everything = range(len(shared.fitted))
    if problem.monitor is not None:
        return everything
    if not is_scored or scores_on_transformed_rows(estimator, scorer, score_params):
        return () if getattr(estimator, "transform_input", None) is None else shared.strange
    return shared.strange if only_looks_at_predictions(scorer, score_params) else everything


def _behaves(problem: Problem, candidate: Candidate, estimator: Any, start: int, stop: int | None = None) -> bool:
    """Say whether what is fitted on shared rows, steps ``start`` to ``stop`` (None: and the model), is known."""
    if problem.monitor is not None or not is_harmless(dict(problem.fit_params[candidate.estimator])):
        return False
    if not is_exactly(estimator, "sklearn", "Pipeline"):
        return False
    steps = [step for _, step in active_steps(estimator)[start:stop]]
    return all(map(is_known, steps if stop is not None else [*steps, last_step(estimator)]))
