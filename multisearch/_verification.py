"""Trust, and check: a little of what short cuts gave is computed again from the raw rows, and compared to the bit."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from multisearch._printable import on_one_line
from multisearch._records import (
    DIFFERS,
    EQUAL,
    JOURNAL,
    KERAS_EPOCHS,
    KERAS_NETWORKS,
    NO_RESULT,
    NOT_REPRODUCIBLE,
    NOT_SEEDED,
    OTHER_HARDWARE,
    TOO_DEAR,
    Batch,
    BatchResult,
    Candidate,
    Check,
    Evaluation,
    Outcome,
    Scores,
)
from multisearch.planning import Checks, Repetition, Slots

_OF_KERAS = frozenset((KERAS_EPOCHS, KERAS_NETWORKS))

_ROUNDING = 1e-9
"""Relative differences below are what threads make that add up the same numbers in another order."""

_ROUNDING_OF_KERAS = 1e-5
"""The same in single precision, over the steps of a training.

There the names that Keras makes up by counting decide on the last bit: ``dense_10`` is put before ``dense_9``.
"""

_TIMES_FOR_ROUNDING = 5
"""How often a plain fit has to repeat itself before a difference like that is no accident."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A result that a fit from the raw rows does not confirm, although that confirms itself."""

    candidate: Candidate
    outcome: Outcome
    plain: Outcome

    def __str__(self) -> str:
        """Return where it was, and the two numbers."""
        candidate = self.candidate
        setting = on_one_line(str(dict(candidate.params)))
        return (
            f"estimator {candidate.estimator!r}, candidate {candidate.index} ({setting}), split {self.outcome.fold}: "
            f"{_told(self.outcome)}, but {_told(self.plain)} when fitted plainly, from the raw rows, each time"
        )


@dataclass(slots=True)
class _Running:
    """A repetition, and what came of it so far."""

    repetition: Repetition
    plain: tuple[Outcome, ...] = ()

    @property
    def seconds(self) -> float:
        return sum(one.seconds for one in self.plain)


class Verification:
    """Hands out checks as spare tasks, and finds out what their results mean.

    Parameters
    ----------
    checks : Checks
        Chooses what is checked.
    busy_seconds : callable
        Returns the seconds of work done so far, without checks.
    """

    def __init__(self, checks: Checks, busy_seconds: Callable[[], float]) -> None:
        self._checks = checks
        self._busy_seconds = busy_seconds
        self._running: dict[str, _Running] = {}
        self._again: deque[_Running] = deque()
        self._machines: set[tuple[str | None, int | None]] = set()
        self._verdicts: list[Check] = []
        self._faults: dict[str, Fault] = {}
        self._mistakes: list[Fault] = []
        self._n_batches = 0
        self.seconds = 0.0
        self.distrusted: set[str] = set()

    def note(self, candidate: Candidate, outcome: Outcome) -> None:
        """Take note of what came of an evaluation."""
        self._machines.add((outcome.hardware, outcome.threads))
        self._checks.note(candidate, outcome)

    def note_known(self, candidate: Candidate, outcome: Outcome) -> None:
        """Take note of an evaluation that the journal knew."""
        self._checks.note_known(candidate, outcome)

    def next_task(self, slots: Slots) -> Batch | None:
        """Return an evaluation that should be repeated now."""
        if self._again:
            return self._batch_of(self._again.popleft())
        repetition = self._checks.next(self._busy_seconds(), slots)
        return None if repetition is None else self._batch_of(_Running(repetition))

    def _batch_of(self, running: _Running) -> Batch:
        self._n_batches += 1
        key = f"check-{self._n_batches}"
        self._running[key] = running
        repetition = running.repetition
        evaluation = Evaluation(repetition.candidate, repetition.outcome.fold)
        return Batch(key, None, (evaluation,), plain=True, again=True)

    def ended(self, batch: Batch, result: BatchResult | None) -> None:
        """Take note of what a repetition has come to; None where it came to nothing."""
        running = self._running.pop(batch.key)
        plain = result.outcomes[0] if result is not None and result.outcomes else None
        if plain is not None:
            running.plain = (*running.plain, plain)
            self.seconds += plain.seconds
        if result is None or plain is None or (plain.failure is not None and not plain.failure.is_final):
            verdict: str | None = NO_RESULT
        else:
            verdict = self._verdict(running, has_drawn=result.has_drawn)
        if verdict is None:
            self._again.append(running)
            return
        self._checks.ended(running.repetition, running.seconds)
        if running.repetition.candidate.estimator not in self.distrusted or _is_of_journal(running.repetition):
            self._conclude(running, verdict)  # else all of it is computed plainly anyway

    def _verdict(self, running: _Running, *, has_drawn: bool) -> str | None:
        """Return what the plain fits so far say; None where they have not said enough."""
        outcome, (first, *others) = running.repetition.outcome, running.plain
        if (outcome.hardware, outcome.threads) != (first.hardware, first.threads):
            return OTHER_HARDWARE
        if are_equal(outcome, first):
            return EQUAL
        if has_drawn:
            return NOT_SEEDED
        if not all(are_equal(first, other) for other in others):
            return NOT_REPRODUCIBLE
        if not outcome.short_cuts.isdisjoint(_OF_KERAS) and _differ_by_less(_ROUNDING_OF_KERAS, outcome, first):
            return NOT_REPRODUCIBLE
        is_small = _differ_by_less(_ROUNDING, outcome, first)
        if is_small and len(self._machines) > 1:
            return OTHER_HARDWARE  # what it stands on may have been made on any of them
        return DIFFERS if len(others) >= (_TIMES_FOR_ROUNDING if is_small else 1) else None

    def _conclude(self, running: _Running, verdict: str) -> None:
        repetition = running.repetition
        self._verdicts += _verdicts(repetition, running.seconds, verdict)
        if verdict != DIFFERS:
            return
        fault = Fault(repetition.candidate, repetition.outcome, running.plain[0])
        if _is_of_journal(repetition):
            self._mistakes.append(fault)
            return
        name = repetition.candidate.estimator
        self._faults[name] = fault
        self.distrusted.add(name)
        self._checks.drop(name)

    def new_faults(self) -> list[Fault]:
        """Return the faults of short cuts found since the last call, one for each estimator."""
        faults, self._faults = list(self._faults.values()), {}
        return faults

    def new_mistakes(self) -> list[Fault]:
        """Return the evaluations of the journal found to be wrong since the last call."""
        mistakes, self._mistakes = self._mistakes, []
        return mistakes

    def verdicts(self) -> tuple[Check, ...]:
        """Return what came of all checks, and what was too dear to be checked."""
        too_dear = (verdict for one in self._checks.left_out() for verdict in _verdicts(one, one.seconds, TOO_DEAR))
        return (*self._verdicts, *too_dear)


def _is_of_journal(repetition: Repetition) -> bool:
    return JOURNAL in repetition.short_cuts


def _verdicts(repetition: Repetition, seconds: float, verdict: str) -> Iterator[Check]:
    candidate, fold = repetition.candidate, repetition.outcome.fold
    for short_cut in sorted(repetition.short_cuts):
        yield Check(candidate.estimator, short_cut, candidate.index, fold, seconds, verdict)


def are_equal(one: Outcome, other: Outcome) -> bool:
    """Say whether two outcomes are the same to the bit, as far as both say anything; NaN is equal to NaN."""
    if one.failure is not None or other.failure is not None:
        return one.failure is not None and other.failure is not None
    return one.n_iterations == other.n_iterations and all(
        mine.keys() == theirs.keys() and all(_same(mine[name], theirs[name]) for name in mine)
        for mine, theirs in _comparable_scores(one, other)
    )


def _differ_by_less(tolerance: float, one: Outcome, other: Outcome) -> bool:
    if one.failure is not None or other.failure is not None or one.n_iterations != other.n_iterations:
        return False
    return all(
        mine.keys() == theirs.keys() and all(_nearly_same(mine[name], theirs[name], tolerance) for name in mine)
        for mine, theirs in _comparable_scores(one, other)
    )


def _comparable_scores(one: Outcome, other: Outcome) -> Iterator[tuple[dict[str, float], dict[str, float]]]:
    yield _by_name(one.test_scores), _by_name(other.test_scores)
    if one.train_scores is not None and other.train_scores is not None:  # an earlier search may have had none
        yield _by_name(one.train_scores), _by_name(other.train_scores)


def _by_name(scores: Scores | None) -> dict[str, float]:
    if scores is None:
        return {}
    return scores if isinstance(scores, dict) else {"score": scores}


def _same(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))


def _nearly_same(one: float, other: float, tolerance: float) -> bool:
    return _same(one, other) or math.isclose(one, other, rel_tol=tolerance, abs_tol=tolerance)


def _told(outcome: Outcome) -> str:
    """Return what an outcome says, in a few words."""
    if outcome.failure is not None:
        return f"a failure ({on_one_line(outcome.failure.message)})"
    words = [f"a score of {outcome.test_scores!r}"]
    if outcome.train_scores is not None:
        words.append(f"{outcome.train_scores!r} on the training rows")
    if outcome.n_iterations is not None:
        words.append(f"{outcome.n_iterations} iterations")
    return ", ".join(words)


def sentence_of(fault: Fault) -> str:
    """Return what a user is told of a short cut that has changed a result."""
    short_cuts = ", ".join(sorted(fault.outcome.short_cuts))
    return (
        f"A short cut of the search has changed a result. {fault}. It had taken: {short_cuts}. Everything of this "
        "estimator that had taken a short cut was computed again plainly, so that its results are right, and nothing "
        "of it takes one any more. Please report this, with the estimator, to the developers of multisearch."
    )


def sentence_of_mistake(mistake: Fault, journal: str) -> str:
    """Return what a user is told of a journal that was wrong."""
    return (
        f"The journal {journal} was wrong about an evaluation. {mistake}, on the same kind of machine. The row is "
        "replaced, and the search uses what it has computed."
    )
