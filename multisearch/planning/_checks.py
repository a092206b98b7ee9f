"""Which evaluations are computed a second time, plainly, to see whether short cuts have changed anything."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

from multisearch._records import JOURNAL, KERAS_EPOCHS, Candidate, Outcome

SHARE = 0.03
"""How much of the work all checks together may be, and by how much one of them may make the search longer."""

_TIMES_DEARER = {KERAS_EPOCHS: 20.0}
"""What an evaluation takes without a short cut, where its times do not say what it would cost alone."""

_SAFELY = 2.0
"""Work ahead, in multiples of a check that is started beside it: the check has to end before the rest does."""


@dataclass(frozen=True, slots=True)
class Slots:
    """Where checks could run.

    Attributes
    ----------
    number : int
        Tasks that can run at the same time.
    seconds_ahead : float
        What each slot is expected to be busy with before all other work is handed out.
    is_idle : bool
        Whether one of them has nothing to do, and there is nothing else to hand out.
    """

    number: int
    seconds_ahead: float
    is_idle: bool


@dataclass(frozen=True, slots=True)
class Repetition:
    """An evaluation to be computed a second time: what came of the first, and what is to be checked by it.

    ``seconds`` is what it is expected to take.
    """

    candidate: Candidate
    outcome: Outcome
    short_cuts: frozenset[str]
    seconds: float


class Checks:
    """Chooses, for each estimator and each short cut, the cheapest evaluation that has profited.

    Parameters
    ----------
    share : float or None, default=SHARE
        The part of all work that checks may be. None checks everything.
    limit : float or None, default=None
        Seconds that one evaluation may take; a check that could come near is left out.
    """

    def __init__(self, share: float | None = SHARE, limit: float | None = None) -> None:
        self._share = share
        self._limit = math.inf if limit is None else limit / _SAFELY
        self._cheapest: dict[tuple[str, frozenset[str]], Repetition] = {}
        self._all: deque[Repetition] = deque()
        self._done: defaultdict[str, set[str]] = defaultdict(set)
        self._dropped: set[str] = set()
        self._seconds = 0.0

    def note(self, candidate: Candidate, outcome: Outcome) -> None:
        """Take note of a finished evaluation."""
        short_cuts = outcome.short_cuts
        if not short_cuts or candidate.estimator in self._dropped or not _can_be_repeated(outcome):
            return
        known = self._cheapest.get((candidate.estimator, short_cuts))
        if self._share is None:
            self._all.append(_repetition(candidate, outcome, short_cuts))
        elif known is None or _cost(outcome) < _cost(known.outcome):
            self._cheapest[candidate.estimator, short_cuts] = _repetition(candidate, outcome, short_cuts)

    def note_known(self, candidate: Candidate, outcome: Outcome) -> None:
        """Take note of an evaluation that the journal knew; it is checked only where everything is."""
        if self._share is None and outcome.hardware is not None and _can_be_repeated(outcome):
            self._all.append(_repetition(candidate, outcome, frozenset((JOURNAL,))))

    def next(self, busy_seconds: float, slots: Slots) -> Repetition | None:
        """Return what should be repeated now; None if nothing should.

        Parameters
        ----------
        busy_seconds : float
            Of work done so far, without checks.
        slots : Slots
        """
        if self._share is None:
            return self._all.popleft() if slots.is_idle and self._all else None
        if not self._cheapest:
            return None
        room = self._share * busy_seconds - self._seconds
        fitting = [one for one in self._missing() if one.seconds <= room and self._has_time(one, busy_seconds, slots)]
        if not fitting:
            return None
        # One that serves for several short cuts spares the others
        chosen = min(fitting, key=lambda one: (one.outcome.failure is not None, one.seconds / len(one.short_cuts)))
        self._done[chosen.candidate.estimator] |= chosen.short_cuts
        self._seconds += chosen.seconds
        return chosen

    def _has_time(self, one: Repetition, busy_seconds: float, slots: Slots) -> bool:
        """Say whether a check would not make the search much longer, were it to begin now.

        The last slot to end makes the search as long as it is. What is short enough for that waits for an idle slot.
        """
        if one.seconds > self._limit or self._share is None:
            return False
        is_before_the_end = _SAFELY * one.seconds <= slots.seconds_ahead
        if slots.is_idle:
            return is_before_the_end or one.seconds <= self._share * busy_seconds / slots.number
        in_the_end = self._share * (busy_seconds / slots.number + slots.seconds_ahead)
        return is_before_the_end and one.seconds > in_the_end

    def ended(self, repetition: Repetition, seconds: float) -> None:
        """Take note of what a repetition really took."""
        self._seconds += seconds - repetition.seconds

    def drop(self, estimator: str) -> None:
        """Check nothing more of an estimator's short cuts, since all it does is plain from now on."""
        self._dropped.add(estimator)
        self._cheapest = {key: one for key, one in self._cheapest.items() if key[0] != estimator}
        self._all = deque(one for one in self._all if one.candidate.estimator != estimator or JOURNAL in one.short_cuts)

    def left_out(self) -> list[Repetition]:
        """Return what was too dear: for each estimator and short cut the cheapest."""
        cheapest: dict[tuple[str, str], Repetition] = {}
        for one in self._missing():
            for short_cut in one.short_cuts:
                key = (one.candidate.estimator, short_cut)
                if key not in cheapest or one.seconds < cheapest[key].seconds:
                    cheapest[key] = replace(one, short_cuts=frozenset((short_cut,)))
        return [cheapest[key] for key in sorted(cheapest)]

    def _missing(self) -> Iterator[Repetition]:
        """Yield what could be repeated, each for the short cuts that nothing was repeated for yet."""
        for (estimator, short_cuts), one in self._cheapest.items():
            missing = short_cuts - self._done[estimator]
            if missing:
                yield replace(one, short_cuts=missing)


def _repetition(candidate: Candidate, outcome: Outcome, short_cuts: frozenset[str]) -> Repetition:
    dearer = max(_TIMES_DEARER.get(short_cut, 1.0) for short_cut in short_cuts)
    return Repetition(candidate, outcome, short_cuts, dearer * (outcome.fit_time + outcome.score_time))


def _cost(outcome: Outcome) -> tuple[bool, float]:
    """Order outcomes by what they cost; a failure says less than a score."""
    return outcome.failure is not None, outcome.fit_time + outcome.score_time


def _can_be_repeated(outcome: Outcome) -> bool:
    """Say whether the same fit should end in the same way; time and memory depend on the machine."""
    return outcome.failure is None or outcome.failure.is_final
