"""The loop: propose, plan, run, record, tell, notify, until done; then the refit, a task like any other."""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

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
from multisearch.arguments import Preparation
from multisearch.callbacks import ONE_SCORE, Callback
from multisearch.engines import Engine
from multisearch.journal import KnownEvaluations
from multisearch.loop._tasks import TaskLoop
from multisearch.loop._verification import Verification, sentence_of, sentence_of_mistake
from multisearch.planning import Checks, Costs, Plan, Planner

logger = logging.getLogger("multisearch")


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Everything that a search found out; estimators are ``distrusted`` whose results a short cut has changed."""

    candidates: Sequence[Candidate]
    outcomes: Mapping[tuple[int, int], Outcome]
    stats: SearchStats
    distrusted: frozenset[str] = frozenset()


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
        self._plain_planner = Planner(problem, plain=True)
        self._plans: list[Plan] = []
        self._shared_seconds: dict[str, float] = {}
        self._busy_seconds = 0.0
        self._from_journal: set[tuple[int, int]] = set()
        self._costs = Costs()
        checks = Checks(preparation.share_of_checks, problem.fit_timeout)
        self._verification = Verification(checks, lambda: self._busy_seconds)
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
            evaluations_from_journal=len(self._from_journal),
            busy_seconds=self._busy_seconds + self._verification.seconds,
            wall_seconds=time.perf_counter() - start,
            workers=self._engine.capacity,
            checks=self._verification.verdicts(),
        )
        return SearchResult(self.candidates, self.outcomes, stats, frozenset(self._verification.distrusted))

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
        self._from_journal.update(known)
        for place, outcome in known.items():
            self._verification.note_known(self.candidates[place[0]], outcome)
            self._take(outcome)
        for plan in self._plans_of(wave, known):
            for batch, result in TaskLoop(self._engine, plan, self._costs, self._verification).results():
                self._arrived(batch, result)
        self._put_right()

    def _plans_of(self, wave: Sequence[Candidate], known: Container[tuple[int, int]]) -> list[Plan]:
        """Plan a wave; what is distrusted comes last, and takes no short cuts."""
        distrusted = self._verification.distrusted
        plans = [self._planner([one for one in wave if one.estimator not in distrusted], known)]
        if distrusted:
            plans.append(self._plain_planner([one for one in wave if one.estimator in distrusted], known))
        self._plans += plans
        logger.info(
            "%d candidates on %d folds, %d evaluations known from the journal, %d step fits saved",
            len(wave),
            self._n_folds,
            len(self._from_journal),
            plans[0].step_fits_saved,
        )
        return plans

    def _arrived(self, batch: Batch, result: BatchResult) -> None:
        self._keep(result)
        fitted = {evaluation.candidate.index for evaluation in batch.evaluations}
        for outcome in result.outcomes:
            candidate = self.candidates[outcome.candidate]
            if outcome.candidate in fitted:
                self._costs.measured(candidate, outcome.seconds)
            self._verification.note(candidate, outcome)
            self._take(outcome)

    def _keep(self, result: BatchResult) -> None:
        """Write down what has finished, and what it took."""
        self._write_down(result.outcomes)
        for key, seconds in result.shared_seconds.items():
            self._busy_seconds += seconds - self._shared_seconds.get(key, 0.0)
            self._shared_seconds[key] = seconds
        self._busy_seconds += sum(outcome.seconds for outcome in result.outcomes)

    def _write_down(self, outcomes: Sequence[Outcome]) -> None:
        if self._known is not None:
            self._known.keep([(self.candidates[outcome.candidate], outcome) for outcome in outcomes])

    def _put_right(self) -> None:
        """Replace what checks have found to be wrong, and say so."""
        for mistake in self._verification.new_mistakes():
            self._write_down([mistake.plain])
            self._replace([mistake.plain])
            journal = "" if self._known is None else self._known.path
            warnings.warn(sentence_of_mistake(mistake, journal), UserWarning, stacklevel=2)
        for fault in self._verification.new_faults():
            self._replace(self._again(fault.candidate.estimator))
            warnings.warn(sentence_of(fault), UserWarning, stacklevel=2)

    def _again(self, estimator: str) -> list[Outcome]:
        """Compute plainly all of an estimator: who has not profited from a short cut may still have gone its way.

        That includes what the journal knew, which may have been written by a search that went it, too.
        """
        suspects = {place for place in self.outcomes if self.candidates[place[0]].estimator == estimator}
        candidates = [one for one in self.candidates if one.estimator == estimator]
        plan = replace(self._plain_planner(candidates, self.outcomes.keys() - suspects), again=True)
        self._plans.append(plan)
        outcomes: list[Outcome] = []
        for _, result in TaskLoop(self._engine, plan, self._costs).results():
            self._keep(result)
            outcomes += result.outcomes
        return outcomes

    def _replace(self, outcomes: Sequence[Outcome]) -> None:
        """Put outcomes in the place of others, of which samplers and callbacks were told."""
        for outcome in outcomes:
            self._check_failure(outcome)
            self.outcomes[outcome.candidate, outcome.fold] = outcome
        for index in {outcome.candidate for outcome in outcomes}:
            candidate = self.candidates[index]
            folds = [self.outcomes[index, fold] for fold in range(self._n_folds)]
            self._samplers[candidate.estimator].tell(candidate, folds)

    def _take(self, outcome: Outcome) -> None:
        candidate = self.candidates[outcome.candidate]
        self._check_failure(outcome)
        self.outcomes[candidate.index, outcome.fold] = outcome
        for callback in self._callbacks:
            callback.on_outcome(candidate, outcome)
        self._finish_candidate(candidate)

    def _check_failure(self, outcome: Outcome) -> None:
        if outcome.failure is not None and (outcome.failure.ends_search or self._problem.error_score == "raise"):
            raise exception_of(outcome.failure)

    def _finish_candidate(self, candidate: Candidate) -> None:
        folds = [self.outcomes.get((candidate.index, fold)) for fold in range(self._n_folds)]
        outcomes = [outcome for outcome in folds if outcome is not None]
        if len(outcomes) < self._n_folds:
            return
        give_warnings([warning for outcome in outcomes for warning in outcome.warnings])
        self._samplers[candidate.estimator].tell(candidate, outcomes)
        means = _mean_scores(outcomes)
        for callback in self._callbacks:
            callback.on_candidate(candidate, means)


def _mean_scores(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """Return the means over a candidate's folds, by metric; nothing where a fold has failed."""
    scores = [outcome.test_scores for outcome in outcomes]
    named = [one if isinstance(one, dict) else {ONE_SCORE: one} for one in scores if one is not None]
    if len(named) < len(scores):
        return {}
    return {metric: float(np.mean([one.get(metric, np.nan) for one in named])) for metric in named[0]}


def refit_candidate(engine: Engine, refit: Refit, callbacks: Sequence[Callback]) -> RefitResult:
    """Fit a candidate on all rows."""
    for callback in callbacks:
        callback.on_refit(refit.candidate)
    engine.submit(refit)
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
