"""One task on concrete data to outcomes: the only place that fits, scores and measures."""

from __future__ import annotations

import copy
import pickle
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from sklearn.pipeline import Pipeline

from multisearch._records import (
    Batch,
    BatchResult,
    Candidate,
    CaughtWarning,
    Evaluation,
    Failure,
    Fold,
    Outcome,
    Refit,
    RefitResult,
    Rows,
    Scores,
    SharedStep,
    Task,
)
from multisearch.families import TrainingRows, family_of, last_step
from multisearch.fitting._problem import Problem
from multisearch.fitting._scoring import announced, only_looks_at_predictions, score
from multisearch.fitting._shared import StepResult, handed_out, handed_over, locked, private_copy, through_steps
from multisearch.fitting._stopping import fit_stopped, stopping_rows

_T = TypeVar("_T")


@contextmanager
def _unwatched() -> Iterator[list[CaughtWarning]]:
    yield []


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the process that runs a task adds to it.

    Attributes
    ----------
    native_threads : int or None
        Threads that a library may take for one fit; None leaves it to the library.
    watch : callable
        Returns a context that collects warnings; by default they go their usual way.
    interrupts : tuple of exception class
        What is no outcome but ends the process's work, such as a KeyboardInterrupt of the user's.
    """

    native_threads: int | None = None
    watch: Callable[[], AbstractContextManager[list[CaughtWarning]]] = _unwatched
    interrupts: tuple[type[BaseException], ...] = (KeyboardInterrupt,)


def run_task(
    problem: Problem, task: Task, shared: StepResult | None, surroundings: Surroundings
) -> StepResult | BatchResult | RefitResult:
    """Run one task; whatever happens in a fit or a scorer comes back in the result, only interrupts are raised."""
    if isinstance(task, SharedStep):
        return _fit_shared(problem, task, shared, surroundings)
    if isinstance(task, Batch):
        outcomes = tuple(_evaluate(problem, evaluation, shared, surroundings) for evaluation in task.evaluations)
        return BatchResult(outcomes, {} if shared is None else shared.seconds)
    return _refit(problem, task, surroundings)


class _EndsSearchError(Exception):
    """Wraps what no ``error_score`` can stand for."""


class _Clock:
    """Seconds from one look to the next."""

    def __init__(self) -> None:
        self._last = time.perf_counter()

    def lap(self) -> float:
        now = time.perf_counter()
        seconds, self._last = now - self._last, now
        return seconds


def _guarded(
    work: Callable[[StepResult | None], _T], shared: StepResult | None, surroundings: Surroundings
) -> tuple[_T | None, Failure | None]:
    """Return what the work gives or why it failed; what fails on read-only memory is tried on a copy of its own."""
    try:
        try:
            return work(shared), None
        except ValueError as error:
            if shared is None or "read-only" not in str(error):
                raise
            return work(private_copy(shared)), None
    except surroundings.interrupts:
        raise
    except BaseException as error:  # noqa: BLE001 - a task never raises: SystemExit and the like are outcomes too
        return None, _failure(error)


def _failure(error: BaseException) -> Failure:
    ends_search = isinstance(error, _EndsSearchError)
    cause = error.__cause__ if ends_search and error.__cause__ is not None else error
    text = "".join(traceback.format_exception(cause))
    try:
        message = str(cause)
    except BaseException:  # noqa: BLE001 - an exception that cannot even say what it is about
        message = "no message"
    return Failure(f"{type(cause).__name__}: {message}", text, _portable(cause), ends_search)


def _portable(error: BaseException) -> BaseException | None:
    """Return an exception if it survives pickling, without what it refers to."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # noqa: BLE001 - whatever pickling runs into, the text of the error is enough
        return None
    return error


def _fit_shared(
    problem: Problem, task: SharedStep, parent: StepResult | None, surroundings: Surroundings
) -> StepResult:
    if parent is not None and parent.failure is not None:
        return parent
    start = time.perf_counter()
    with surroundings.watch() as caught:
        result, failure = _guarded(lambda given: _shared_result(problem, task, given), parent, surroundings)
    spent = time.perf_counter() - start
    above = StepResult() if parent is None else parent
    if result is None:
        result = StepResult(fit_seconds=above.fit_seconds + spent, failure=failure)
    return replace(result, seconds={**above.seconds, task.key: spent}, warnings=(*above.warnings, *caught))


def _shared_result(problem: Problem, task: SharedStep, parent: StepResult | None) -> StepResult:
    pipeline = problem.build(task.candidate)
    fold = problem.fold(task.candidate, task.fold)
    given = StepResult() if parent is None else parent
    clock = _Clock()
    X, y = _training_rows(problem, pipeline, fold, parent)
    with handed_out(pipeline, parent, task.stop) as memory:
        pipeline.fit(X, y, **problem.fit_params_of(task.candidate.estimator, fold.train))

    def transformed(rows: Rows, above: Any) -> Any:
        X = problem.rows(pipeline, rows, fold.train)[0] if parent is None else handed_over(above)
        for step in memory.fitted[task.start :]:
            X = step.transform(X)
        return locked(X)

    stopping = None if fold.stopping is None else transformed(fold.stopping, given.stopping)
    fit_seconds = clock.lap()
    test = transformed(fold.test, given.test)
    score_seconds = clock.lap()
    return StepResult(
        fitted=tuple(memory.fitted),
        train=locked(memory.train),
        stopping=stopping,
        test=test,
        scored_train=transformed(fold.train, given.scored_train) if problem.return_train_score else None,
        fit_seconds=given.fit_seconds + fit_seconds,
        score_seconds=given.score_seconds + score_seconds,
    )


def _training_rows(problem: Problem, estimator: Any, fold: Fold, shared: StepResult | None) -> tuple[Any, Any]:
    if shared is None:
        return problem.rows(estimator, fold.train)
    return handed_over(shared.train), problem.targets(fold.train)


def _evaluate(
    problem: Problem, evaluation: Evaluation, shared: StepResult | None, surroundings: Surroundings
) -> Outcome:
    candidate = evaluation.candidate
    above = StepResult() if shared is None else shared
    failed = Outcome(candidate.index, evaluation.fold, above.fit_seconds, score_time=0.0, seconds=0.0)
    if above.failure is not None:
        return replace(failed, failure=above.failure, warnings=above.warnings)
    start = time.perf_counter()
    with surroundings.watch() as caught:
        outcome, failure = _guarded(
            lambda given: _fitted_and_scored(problem, evaluation, given, surroundings), shared, surroundings
        )
    spent = time.perf_counter() - start
    warnings = (*above.warnings, *caught)
    if outcome is None:
        outcome = replace(failed, fit_time=above.fit_seconds + spent, failure=failure)
    return replace(outcome, seconds=spent, warnings=warnings)


def _fitted_and_scored(
    problem: Problem, evaluation: Evaluation, shared: StepResult | None, surroundings: Surroundings
) -> Outcome:
    candidate = evaluation.candidate
    fold = problem.fold(candidate, evaluation.fold)
    estimator = problem.build(candidate)
    above = StepResult() if shared is None else shared
    with _tuned(problem, last_step(estimator), surroundings.native_threads, kept=False):
        clock = _Clock()
        n_iterations = _fit(problem, candidate, estimator, fold, shared)
        fit_seconds = clock.lap()
        scoring = _Scoring(problem, candidate.estimator, estimator, fold, shared)
        test_scores = scoring.on(fold.test, above.test)
        score_seconds = clock.lap()
        train_scores = scoring.on(fold.train, above.scored_train) if problem.return_train_score else None
    return Outcome(
        candidate=candidate.index,
        fold=evaluation.fold,
        fit_time=above.fit_seconds + fit_seconds,
        score_time=score_seconds + (above.score_seconds if scoring.on_transformed_rows else 0.0),
        seconds=0.0,
        test_scores=test_scores,
        train_scores=train_scores,
        n_iterations=n_iterations,
    )


@contextmanager
def _tuned(problem: Problem, model: Any, native_threads: int | None, *, kept: bool) -> Iterator[None]:
    """Let a model's library have its threads, and take the short cuts that it has."""
    family = family_of(model)
    if family is None:
        yield
        return
    accelerated = family.accelerated(model, kept=kept) if problem.optimize else nullcontext()
    with family.native_threads(model, native_threads), accelerated:
        yield


def _fit(problem: Problem, candidate: Candidate, estimator: Any, fold: Fold, shared: StepResult | None) -> int | None:
    """Fit a candidate on one fold; return its best iteration if it stops early."""
    X, y = _training_rows(problem, estimator, fold, shared)
    fit_params = problem.fit_params_of(candidate.estimator, fold.train)
    number = candidate.index * len(problem.folds[0]) + fold.index
    monitor = problem.monitor
    with (
        nullcontext() if monitor is None else monitor.evaluation(number, estimator, (X, y), fit_params),
        nullcontext() if shared is None else handed_out(estimator, shared),
    ):
        rule = problem.rule_of(candidate)
        if rule is None:
            _fit_any(estimator, X, y, fit_params)
            return None
        rows = TrainingRows(X, y, fit_params)
        return fit_stopped(estimator, rule, rows, lambda: stopping_rows(problem, candidate, estimator, fold, shared))


def _fit_any(estimator: Any, X: Any, y: Any, fit_params: Mapping[str, Any]) -> None:
    if y is None:
        estimator.fit(X, **fit_params)
    else:
        estimator.fit(X, y, **fit_params)


class _Scoring:
    """A fitted candidate's scores, on transformed rows where that is the same and spares transforming them again."""

    def __init__(self, problem: Problem, name: str, estimator: Any, fold: Fold, shared: StepResult | None) -> None:
        self._problem = problem
        self._name = name
        self._scorer = problem.scorers[name]
        self._estimator = estimator
        self._fold = fold
        self._shared = shared
        # A subclass may predict in a way of its own
        self.on_transformed_rows = (
            shared is not None
            and type(estimator) is Pipeline
            and only_looks_at_predictions(self._scorer, problem.score_params[name])
        )

    def on(self, rows: Rows, transformed: Any) -> Scores:
        problem = self._problem
        model = self._estimator
        if self._shared is not None and self.on_transformed_rows:
            # Rows of their own, since many scorers turn a failure to write into read-only ones into a score
            X = through_steps(self._estimator, len(self._shared.fitted), copy.deepcopy(transformed))
            y = problem.targets(rows)
            model = last_step(self._estimator)
        else:
            columns = None if rows is self._fold.train else self._fold.train
            X, y = problem.rows(self._estimator, rows, columns)
        shown = announced(model, problem.kind, self._scorer)
        params = problem.score_params_of(self._name, rows)
        try:
            return score(self._scorer, shown, (X, y), params, problem.error_score)
        except Exception as error:
            raise _EndsSearchError from error


def _refit(problem: Problem, task: Refit, surroundings: Surroundings) -> RefitResult:
    start = time.perf_counter()
    with surroundings.watch() as caught:
        estimator, failure = _guarded(lambda _: _refitted(problem, task), None, surroundings)
    return RefitResult(estimator, time.perf_counter() - start, failure, tuple(caught))


def _refitted(problem: Problem, task: Refit) -> Any:
    """Fit a candidate on all rows; it runs alone, so that its library may take all threads."""
    estimator = problem.build(task.candidate)
    model = last_step(estimator)
    family = family_of(model)
    if task.iterations is not None and family is not None:
        family.set_iterations(model, task.iterations)
    X, y = problem.all_rows()
    fit_params = problem.fit_params_of(task.candidate.estimator, None)
    monitor = problem.monitor
    with (
        nullcontext() if monitor is None else monitor.refit(estimator, (X, y), fit_params),
        _tuned(problem, model, None, kept=True),
    ):
        _fit_any(estimator, X, y, fit_params)
    return estimator
