"""One task on concrete data to outcomes: the only place that fits, scores and measures."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from typing import Any

from multisearch._interrupts import raise_interrupt
from multisearch._records import (
    TRANSFORMED_ROWS,
    Batch,
    BatchResult,
    Candidate,
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
from multisearch.families import Stopped, TrainingRows, active_steps, family_of, last_step, libraries_as_if_new
from multisearch.fitting._generators import watched_generators
from multisearch.fitting._guard import EndsSearchError, guarded, timed_out
from multisearch.fitting._hardware import hardware, threads
from multisearch.fitting._limit import FitTimeoutError, within
from multisearch.fitting._paths import path_of
from multisearch.fitting._problem import Problem
from multisearch.fitting._profit import by_path, by_steps, origin_of
from multisearch.fitting._rows import private
from multisearch.fitting._scoring import announced, score, scores_on_transformed_rows
from multisearch.fitting._shared import StepResult, handed_out, through_steps
from multisearch.fitting._steps import fit_steps, lent_to, training_rows
from multisearch.fitting._stopping import fit_stopped, recorded, stopping_rows
from multisearch.fitting._surroundings import Surroundings
from multisearch.fitting._warnings import collected_warnings


def run_task(
    problem: Problem, task: Task, shared: StepResult | None, surroundings: Surroundings
) -> StepResult | BatchResult | RefitResult:
    """Run one task; whatever happens in a fit or a scorer comes back in the result, only interrupts are raised."""
    if isinstance(task, SharedStep):
        return _fit_shared_in_time(problem, task, shared, surroundings)
    if isinstance(task, Batch):
        return _run_batch(problem, task, shared, surroundings)
    return _refit(problem, task, surroundings)


def _run_batch(problem: Problem, batch: Batch, shared: StepResult | None, surroundings: Surroundings) -> BatchResult:
    if batch.plain:
        problem = replace(problem, optimize=False)
    if not batch.again:
        return _outcomes_of(problem, batch, shared, surroundings)
    problem = replace(problem, monitor=None)
    quiet = replace(surroundings, watch=partial(collected_warnings, problem.warning_filters))
    with watched_generators(put_back=surroundings.is_alone) as draws:
        result = _outcomes_of(problem, batch, shared, quiet)
    return replace(result, has_drawn=draws.has_drawn)


def _outcomes_of(problem: Problem, batch: Batch, shared: StepResult | None, surroundings: Surroundings) -> BatchResult:
    outcomes: list[Outcome] = []
    interrupt: BaseException | None = None
    worker, machine, n_threads = surroundings.worker, hardware(), threads(surroundings.native_threads)
    with surroundings.interrupts() as is_interrupt:
        try:
            for outcome in _evaluate_in_time(problem, batch.evaluations, shared, surroundings):
                outcomes.append(replace(outcome, worker=worker, hardware=machine, threads=n_threads))  # noqa: PERF401 - what came before an interrupt stays
        except BaseException as error:
            if not is_interrupt(error):
                raise
            interrupt = error
    return BatchResult(tuple(outcomes), {} if shared is None else shared.seconds, interrupt)


def _fit_shared_in_time(
    problem: Problem, task: SharedStep, parent: StepResult | None, surroundings: Surroundings
) -> StepResult:
    try:
        return within(problem.fit_timeout, partial(_fit_shared, problem, task, parent, surroundings))
    except FitTimeoutError as error:
        return StepResult(failure=timed_out(problem.fit_timeout, error))


def _evaluate_in_time(
    problem: Problem, evaluations: Sequence[Evaluation], shared: StepResult | None, surroundings: Surroundings
) -> Iterator[Outcome]:
    """Yield outcomes up to the first evaluation that takes too long: what it does goes on beside the others."""
    for evaluation in evaluations:
        if surroundings.is_abandoned():
            return
        try:
            yield from within(problem.fit_timeout, partial(_evaluate, problem, evaluation, shared, surroundings))
        except FitTimeoutError as error:
            above = StepResult() if shared is None else shared
            failed = _failed(evaluation, above, timed_out(problem.fit_timeout, error))
            spent = problem.fit_timeout or 0.0
            yield replace(failed, fit_time=failed.fit_time + spent, seconds=spent)
            return


class _Clock:
    """Seconds from one look to the next."""

    def __init__(self) -> None:
        self._last = time.perf_counter()

    def lap(self) -> float:
        now = time.perf_counter()
        seconds, self._last = now - self._last, now
        return seconds


def _fit_shared(
    problem: Problem, task: SharedStep, parent: StepResult | None, surroundings: Surroundings
) -> StepResult:
    if parent is not None and parent.failure is not None:
        return parent
    start = time.perf_counter()
    with surroundings.watch() as caught, libraries_as_if_new():
        result, failure = guarded(
            lambda given: fit_steps(problem, task, given), _usable(parent), surroundings.interrupts
        )
    spent = time.perf_counter() - start
    above = StepResult() if parent is None else parent
    if result is None:
        result = StepResult(fit_seconds=above.fit_seconds + spent, failure=failure)
    return replace(
        result,
        seconds={**above.seconds, task.key: spent},
        warnings=(*above.warnings, *caught),
        origins=(*above.origins, origin_of(problem, task)),
    )


def _evaluate(
    problem: Problem, evaluation: Evaluation, shared: StepResult | None, surroundings: Surroundings
) -> Sequence[Outcome]:
    """Fit once and return the outcome of every candidate that the fit serves, the evaluation's own first."""
    above = StepResult() if shared is None else shared
    if above.failure is not None:
        failed = _failed(evaluation, above, above.failure)
        return [
            replace(failed, candidate=candidate.index, short_cuts=by_steps(candidate, above.origins))
            for candidate in (evaluation.candidate, *evaluation.shorter)
        ]
    start = time.perf_counter()
    taken: set[str] = set()
    with surroundings.watch() as caught, libraries_as_if_new():
        outcomes, failure = guarded(
            lambda given: _fitted_and_scored(problem, evaluation, given, surroundings, taken),
            _usable(shared),
            surroundings.interrupts,
        )
    spent = time.perf_counter() - start
    if outcomes is None and evaluation.shorter:
        # Each may fare better alone, and must not be blamed for another's failure
        candidates = (evaluation.candidate, *evaluation.shorter)
        alone = [Evaluation(candidate, evaluation.fold) for candidate in candidates]
        return [outcome for one in alone for outcome in _evaluate(problem, one, shared, surroundings)]
    if outcomes is None:
        failed = _failed(evaluation, above, failure)
        outcomes = [replace(failed, fit_time=above.fit_seconds + spent, short_cuts=failed.short_cuts.union(taken))]
    rest = sum(outcome.seconds for outcome in outcomes[1:])
    outcomes = [replace(outcomes[0], seconds=spent - rest), *outcomes[1:]]
    warnings = (*above.warnings, *caught)
    return [replace(outcome, warnings=warnings) for outcome in outcomes]


def _usable(shared: StepResult | None) -> StepResult | None:
    """Return shared steps if there are any; what could not be shared leaves everybody to the raw rows."""
    return shared if shared is not None and shared.fitted else None


def _failed(evaluation: Evaluation, above: StepResult, failure: Failure | None) -> Outcome:
    return Outcome(
        evaluation.candidate.index,
        evaluation.fold,
        fit_time=above.fit_seconds,
        score_time=0.0,
        seconds=0.0,
        failure=failure,
        warnings=above.warnings,
        short_cuts=by_steps(evaluation.candidate, above.origins),
    )


def _fitted_and_scored(
    problem: Problem,
    evaluation: Evaluation,
    shared: StepResult | None,
    surroundings: Surroundings,
    taken: set[str],
) -> list[Outcome]:
    """Return the outcomes; ``taken`` is told of the short cuts as they are taken, so that it knows of a failure's."""
    candidate = evaluation.candidate
    fold = problem.fold(candidate, evaluation.fold)
    estimator = problem.build(candidate)
    with _tuned(problem, last_step(estimator), surroundings.native_threads, kept=False) as of_family:
        clock = _Clock()
        try:
            stopped = _fit(problem, candidate, estimator, fold, shared)
        finally:
            taken |= of_family
        fit_seconds = clock.lap()
        scoring = _Scoring(problem, candidate.estimator, estimator, fold, shared)
        taken |= scoring.short_cuts
        longest = scoring.outcome(candidate, fit_seconds)
        rule = problem.rule_of(candidate)
        if stopped is not None and rule is not None:
            longest = recorded(longest, stopped, rule)
        outcomes = [longest, *_shorter_outcomes(problem, evaluation, scoring, fit_seconds)]
    return [replace(one, short_cuts=one.short_cuts.union(of_family)) for one in outcomes] if of_family else outcomes


def _shorter_outcomes(
    problem: Problem, evaluation: Evaluation, scoring: _Scoring, fit_seconds: float
) -> Iterator[Outcome]:
    """Cut the fitted model down, candidate by candidate; each would have cost its share of the iterations."""
    if not evaluation.shorter:
        return
    parameter, longest = _place_on_path(problem, evaluation.candidate)
    model = last_step(scoring.estimator)
    family = family_of(model)
    for candidate in evaluation.shorter:
        _, iterations = _place_on_path(problem, candidate)
        if family is not None:
            family.truncate(model, iterations)
        start = time.perf_counter()
        outcome = scoring.outcome(candidate, fit_seconds * iterations / longest)
        short_cuts = outcome.short_cuts | by_path(candidate, evaluation.candidate, parameter)
        yield replace(outcome, seconds=time.perf_counter() - start, short_cuts=short_cuts)


def _place_on_path(problem: Problem, candidate: Candidate) -> tuple[str, int]:
    path = path_of(problem, candidate)
    if path is None:
        raise RuntimeError(f"{candidate} was planned on a path that it is not on")
    return path


@contextmanager
def _tuned(problem: Problem, model: Any, native_threads: int | None, *, kept: bool) -> Iterator[set[str]]:
    """Let a model's library have its threads, and take the short cuts that it has; they are told in the end."""
    family = family_of(model)
    if family is None:
        yield set()
        return
    nothing: set[str] = set()
    accelerated = family.accelerated(model, kept=kept) if problem.optimize else nullcontext(nothing)
    with family.native_threads(model, native_threads), accelerated as taken:
        yield taken


def _fit(
    problem: Problem, candidate: Candidate, estimator: Any, fold: Fold, shared: StepResult | None
) -> Stopped | None:
    """Fit a candidate on one fold; return how that went if it stops early."""
    own = None if shared is None else lent_to(problem, candidate, estimator, shared)
    X, y = training_rows(problem, estimator, fold, own)
    fit_params = problem.fit_params_of(candidate.estimator, fold.train)
    number = candidate.index * len(problem.folds[0]) + fold.index
    monitor = problem.monitor
    with (
        nullcontext() if monitor is None else monitor.evaluation(number, estimator, (X, y), fit_params),
        nullcontext() if own is None else handed_out(estimator, own),
    ):
        rule = problem.rule_of(candidate)
        if rule is None:
            _fit_any(estimator, X, y, fit_params)
            return None
        rows = TrainingRows(X, y, fit_params)
        return fit_stopped(estimator, rule, rows, lambda: stopping_rows(problem, candidate, estimator, fold, own))


def _fit_any(estimator: Any, X: Any, y: Any, fit_params: Mapping[str, Any]) -> None:
    if y is None:
        estimator.fit(X, **fit_params)
    else:
        estimator.fit(X, y, **fit_params)


class _Scoring:
    """A fitted candidate's scores, on transformed rows where that is the same and spares transforming them again."""

    def __init__(self, problem: Problem, name: str, estimator: Any, fold: Fold, shared: StepResult | None) -> None:
        self.estimator = estimator
        self._problem = problem
        self._name = name
        self._scorer = problem.scorers[name]
        self._fold = fold
        self._shared = StepResult() if shared is None else shared
        self._on_transformed_rows = problem.optimize and scores_on_transformed_rows(
            estimator, self._scorer, problem.score_params[name]
        )
        has_steps = self._on_transformed_rows and bool(active_steps(estimator))
        self.short_cuts = frozenset((TRANSFORMED_ROWS,)) if has_steps else frozenset()
        self._seen: dict[str, Any] = {}

    def outcome(self, candidate: Candidate, fit_seconds: float) -> Outcome:
        """Score the estimator as it is now."""
        above = self._shared
        clock = _Clock()
        test_scores = self._scores("test", self._fold.test)
        score_seconds = clock.lap()
        train_scores = self._scores("scored_train", self._fold.train) if self._problem.return_train_score else None
        return Outcome(
            candidate=candidate.index,
            fold=self._fold.index,
            fit_time=above.fit_seconds + fit_seconds,
            score_time=score_seconds + (above.score_seconds if self._on_transformed_rows else 0.0),
            seconds=0.0,
            test_scores=test_scores,
            train_scores=train_scores,
            short_cuts=by_steps(candidate, above.origins) | self.short_cuts,
        )

    def _scores(self, which: str, rows: Rows) -> Scores:
        problem = self._problem
        if which not in self._seen:
            self._seen[which] = self._rows_or_raw(which, rows)
        model = last_step(self.estimator) if self._on_transformed_rows else self.estimator
        shown = announced(model, problem.kind, self._scorer)
        params = problem.score_params_of(self._name, rows)
        seen = self._seen[which], problem.targets(rows)  # a metric of the user's might write into y
        try:
            return score(self._scorer, shown, seen, params, problem.error_score)
        except Exception as error:
            raise EndsSearchError from error

    def _rows_or_raw(self, which: str, rows: Rows) -> Any:
        """Return X for the model; rows that steps fail on are left to the scorer, which makes a score of that."""
        if self._on_transformed_rows:
            try:
                return self._rows(which, rows)
            except Exception as error:  # noqa: BLE001 - the same steps will fail again, where scikit-learn knows what to do
                raise_interrupt(error)
                self._on_transformed_rows = False
                self._seen.clear()
        return self._rows(which, rows)

    def _rows(self, which: str, rows: Rows) -> Any:
        """Return X as the model that scores is to see it; of its own, since it might write into it.

        Many scorers turn a failure to write into read-only rows into a score.
        """
        n_shared = len(self._shared.fitted)
        if self._on_transformed_rows and n_shared:
            X = private(getattr(self._shared, which))
        else:
            columns = None if rows is self._fold.train else self._fold.train
            X, _ = self._problem.rows(self.estimator, rows, columns)
        return through_steps(self.estimator, n_shared, X) if self._on_transformed_rows else X


def _refit(problem: Problem, task: Refit, surroundings: Surroundings) -> RefitResult:
    start = time.perf_counter()
    with surroundings.watch() as caught, libraries_as_if_new():
        own = replace(problem, optimize=False) if task.plain else problem
        estimator, failure = guarded(lambda _: _refitted(own, task), None, surroundings.interrupts)
    return RefitResult(estimator, time.perf_counter() - start, failure, tuple(caught))


def _refitted(problem: Problem, task: Refit) -> Any:
    """Fit a candidate on all rows; it runs alone, so that its library may take all threads."""
    estimator = problem.build(task.candidate)
    model = last_step(estimator)
    family = family_of(model)
    X, y = problem.all_rows()
    if task.iterations is not None and family is not None:
        family.settle(model, y)
        family.set_iterations(model, task.iterations)
    fit_params = problem.fit_params_of(task.candidate.estimator, None)
    monitor = problem.monitor
    with (
        nullcontext() if monitor is None else monitor.refit(estimator, (X, y), fit_params),
        _tuned(problem, model, None, kept=True),
    ):
        _fit_any(estimator, X, y, fit_params)
    return estimator
