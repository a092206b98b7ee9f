"""The loop: propose, plan, run, record, tell, notify, until done; then the refit, a task like any other."""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from multisearch._journaling import KnownEvaluations
from multisearch._plan import Plan, Planner
from multisearch._preparation import Preparation
from multisearch._records import (
    Batch,
    BatchResult,
    Candidate,
    CaughtWarning,
    Failure,
    Outcome,
    Refit,
    RefitResult,
    SearchStats,
)
from multisearch._task_loop import TaskLoop
from multisearch.callbacks import Callback
from multisearch.engines import Engine
from multisearch.planning import Costs

logger = logging.getLogger("multisearch")


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Everything that a search found out."""

    candidates: Sequence[Candidate]
    outcomes: Mapping[tuple[int, int], Outcome]
    stats: SearchStats


class Search:
    """One search on one engine.

    Parameters
    ----------
    preparation : Preparation
    engine : Engine
        Started with the problem.
    callbacks : sequence of Callback
    known : KnownEvaluations or None, default=None
        Where finished evaluations are looked up and kept.
    """

    def __init__(
        self,
        preparation: Preparation,
        engine: Engine,
        callbacks: Sequence[Callback],
        known: KnownEvaluations | None = None,
    ) -> None:
        self._problem = problem = preparation.problem
        self._samplers = preparation.samplers
        self._n_folds = preparation.n_splits
        self._engine = engine
        self._callbacks = callbacks
        self._known = known
        self._planner = Planner(problem)
        self._plans: list[Plan] = []
        self._shared_seconds: dict[str, float] = {}
        self._busy_seconds = 0.0
        self._n_from_journal = 0
        self._costs = Costs()
        self.candidates: list[Candidate] = []
        self.outcomes: dict[tuple[int, int], Outcome] = {}

    def run(self) -> SearchResult:
        """Evaluate everything that the samplers propose."""
        start = time.perf_counter()
        while wave := self._propose():
            self._evaluate(wave)
        stats = SearchStats(
            evaluations=len(self.outcomes),
            shared_steps=sum(plan.shared_steps for plan in self._plans),
            step_fits=sum(plan.step_fits for plan in self._plans),
            step_fits_saved=sum(plan.step_fits_saved for plan in self._plans),
            path_fits_saved=sum(plan.path_fits_saved for plan in self._plans),
            evaluations_from_journal=self._n_from_journal,
            busy_seconds=self._busy_seconds + sum(self._shared_seconds.values()),
            wall_seconds=time.perf_counter() - start,
            workers=self._engine.capacity,
        )
        return SearchResult(self.candidates, self.outcomes, stats)

    def _propose(self) -> list[Candidate]:
        wave = [
            Candidate(index, name, params)
            for index, (name, params) in enumerate(
                ((name, params) for name, sampler in self._samplers.items() for params in sampler.ask()),
                start=len(self.candidates),
            )
        ]
        self.candidates += wave
        return wave

    def _evaluate(self, wave: Sequence[Candidate]) -> None:
        n_folds = self._n_folds
        for callback in self._callbacks:
            callback.on_start(len(self.candidates), n_folds)
        known = {} if self._known is None else self._known.of(wave)
        self._n_from_journal += len(known)
        for outcome in known.values():
            self._take(outcome)
        plan = self._planner(wave, known)
        self._plans.append(plan)
        logger.info(
            "%d candidates on %d folds, %d evaluations known from the journal, %d step fits saved",
            len(wave),
            n_folds,
            len(known),
            plan.step_fits_saved,
        )
        for batch, result in TaskLoop(self._engine, plan, self._costs).results():
            self._arrived(batch, result)

    def _arrived(self, batch: Batch, result: BatchResult) -> None:
        if self._known is not None:
            self._known.keep([(self.candidates[outcome.candidate], outcome) for outcome in result.outcomes])
        self._shared_seconds.update(result.shared_seconds)
        fitted = {evaluation.candidate.index for evaluation in batch.evaluations}
        for outcome in result.outcomes:
            self._busy_seconds += outcome.seconds
            if outcome.candidate in fitted:
                self._costs.measured(self.candidates[outcome.candidate], outcome.seconds)
            self._take(outcome)

    def _take(self, outcome: Outcome) -> None:
        candidate = self.candidates[outcome.candidate]
        if outcome.failure is not None and (outcome.failure.ends_search or self._problem.error_score == "raise"):
            raise exception_of(outcome.failure)
        self.outcomes[candidate.index, outcome.fold] = outcome
        for callback in self._callbacks:
            callback.on_outcome(candidate, outcome)
        self._finish_candidate(candidate)

    def _finish_candidate(self, candidate: Candidate) -> None:
        folds = [self.outcomes.get((candidate.index, fold)) for fold in range(self._n_folds)]
        outcomes = [outcome for outcome in folds if outcome is not None]
        if len(outcomes) < self._n_folds:
            return
        give_warnings([warning for outcome in outcomes for warning in outcome.warnings])
        self._samplers[candidate.estimator].tell(candidate, outcomes)
        scores = [outcome.test_scores for outcome in outcomes]
        numbers = [float(score) for score in scores if isinstance(score, int | float)]
        mean = float(np.mean(numbers)) if len(numbers) == self._n_folds else None
        for callback in self._callbacks:
            callback.on_candidate(candidate, mean)


def refit_candidate(
    engine: Engine, candidate: Candidate, iterations: int | None, callbacks: Sequence[Callback]
) -> RefitResult:
    """Fit a candidate on all rows, for a number of iterations if it was stopped early."""
    for callback in callbacks:
        callback.on_refit(candidate)
    engine.submit(Refit("refit", candidate, iterations))
    result = None
    while result is None:
        result = next((result for _, result in engine.results()), None)
    if isinstance(result, RefitResult):
        give_warnings(result.warnings)
        if result.failure is None:
            return result
    raise exception_of(getattr(result, "failure", None) or Failure("the engine returned no result for the refit", ""))


def exception_of(failure: Failure) -> BaseException:
    """Return what went wrong in a fit, wherever that ran, with its traceback there as a note."""
    error = failure.exception
    if error is None:
        return RuntimeError(f"{failure.message}\n\n{failure.traceback}")
    if error.__traceback__ is None:
        error.add_note(f"Where it was raised:\n{failure.traceback}")
    return error


def give_warnings(caught: Sequence[CaughtWarning]) -> None:
    """Give warnings of a worker again as from where they came; one of each kind, whose words may differ by fold."""
    kinds: dict[tuple[type[Warning], str, int], CaughtWarning] = {}
    for warning in caught:
        kinds.setdefault((warning.category, warning.filename, warning.lineno), warning)
    for warning in kinds.values():
        message, category = warning.message, warning.category
        try:
            category(message)
        except TypeError:  # a kind that is made from something else than its text
            message, category = f"{category.__name__}: {message}", UserWarning
        warnings.warn_explicit(message, category, warning.filename, warning.lineno)
