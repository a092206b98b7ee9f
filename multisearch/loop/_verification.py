"""Trust, and check: a little of what short cuts gave is computed again from the raw rows, and compared to the bit."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from multisearch._printable import on_one_line
from multisearch._records import (
    DIFFERS,
    JOURNAL,
    NO_RESULT,
    TOO_DEAR,
    Batch,
    BatchResult,
    Candidate,
    Check,
    Evaluation,
    Outcome,
    Scores,
)
from multisearch.planning import Checks, Evidence, Repetition, Slots, verdict_of


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
    has_drawn: bool = False

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
            running.has_drawn |= result.has_drawn
            evidence = Evidence(running.repetition.outcome, running.plain, running.has_drawn, len(self._machines))
            verdict = verdict_of(evidence)
        if verdict is None:
            self._again.append(running)
            return
        self._checks.ended(running.repetition, running.seconds)
        if running.repetition.candidate.estimator not in self.distrusted or _is_of_journal(running.repetition):
            self._conclude(running, verdict)  # else all of it is computed plainly anyway

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


def _told(outcome: Outcome) -> str:
    """Return what an outcome says, in a few words."""
    if outcome.failure is not None:
        return f"a failure ({on_one_line(outcome.failure.message)})"
    words = [f"a score of {_plain(outcome.test_scores)}"]
    if outcome.train_scores is not None:
        words.append(f"{_plain(outcome.train_scores)} on the training rows")
    if outcome.n_iterations is not None:
        words.append(f"{outcome.n_iterations} iterations")
    return ", ".join(words)


def _plain(scores: Scores | None) -> object:
    """Return scores as Python's own numbers, whose repr is exact and short."""
    if scores is None:
        return None
    return {name: float(score) for name, score in scores.items()} if isinstance(scores, dict) else float(scores)


def sentence_of(fault: Fault) -> str:
    """Return what a user is told of a short cut that has changed a result."""
    short_cuts = ", ".join(sorted(fault.outcome.short_cuts))
    return (
        f"A short cut of the search has changed a result. {fault}. It had taken: {short_cuts}. Everything of this "
        "estimator was computed again plainly, so that its results are right, and nothing of it takes a short cut any "
        "more. Please report this, with the estimator, to the developers of multisearch."
    )


def sentence_of_mistake(mistake: Fault, journal: str) -> str:
    """Return what a user is told of a journal that was wrong."""
    return (
        f"The journal {journal} was wrong about an evaluation. {mistake}, on the same kind of machine. The row is "
        "replaced, and the search uses what it has computed."
    )
