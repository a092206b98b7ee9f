"""Kinds of claims: faster than a peer, as fast as can be, no larger than this."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks._agreement import disagreement
from benchmarks._base import EVERY_SIZE, FULL_SIZE, OURS, Line, Spread, Taken
from benchmarks._measurement import STEPS_FITTED


def spread_of(values: Sequence[float]) -> Spread:
    """Summarise what was measured several times."""
    return Spread(median(values), min(values), max(values))


@dataclass(frozen=True, slots=True)
class Race:
    """A peer takes longer for the same scores.

    Attributes
    ----------
    what : str
        What the times are of, in the table.
    peer : str
        The contestant to beat.
    reach : float or None
        How many times as fast as the peer.
    phase : str
        The phase that is compared.
    ours : str
        Our contestant.
    work : str or None
        The performer that has measured the work of the peer and the work that is needed.
    reach_of_limit : float or None
        The part of the limit to reach, in place of ``reach``.
    bounds_at : frozenset of str
        At small sizes the start of processes is most of what is timed.
    """

    what: str
    peer: str
    reach: float | None = None
    phase: str = "cold"
    ours: str = OURS
    work: str | None = None
    reach_of_limit: float | None = None
    bounds_at: frozenset[str] = FULL_SIZE

    def line(self, taken: Taken) -> Line:
        ours, theirs = taken.of(self.ours), taken.of(self.peer)
        our_seconds = spread_of([one.seconds(self.phase) for one in ours])
        their_seconds = spread_of([one.seconds(self.phase) for one in theirs])
        limit, machine = self._limits(taken)
        return Line(
            benchmark=taken.benchmark,
            what=self.what,
            peer=self.peer,
            unit="s",
            ours=our_seconds,
            theirs=their_seconds,
            ratio=their_seconds.median / our_seconds.median,
            reach=self._reach(limit),
            limit=limit,
            machine=machine,
            disagreement=disagreement([one.scores[self.phase] for one in [*ours, *theirs]]),
            runs=len(ours),
        )

    def _reach(self, limit: float | None) -> float:
        if self.reach_of_limit is not None and limit is not None:
            return self.reach_of_limit * limit
        if self.reach is None:
            raise ValueError(f"{self.what}: a race needs a reach, or a part of the limit to reach and work")
        return self.reach

    def _limits(self, taken: Taken) -> tuple[float | None, float | None]:
        """Return the limit of the ratio and the seconds that the machine needs."""
        if self.work is None:
            return None, None
        performed = taken.of(self.work)
        of_the_peer = median(one.figures["work of the peer"] for one in performed)
        needed = median(one.figures["work needed"] for one in performed)
        return of_the_peer / needed, needed / taken.cores


@dataclass(frozen=True, slots=True)
class Ideal:
    """The time that no scheduler can undercut is reached in part.

    Attributes
    ----------
    what, phase, ours : str
        As in `Race`.
    figure : str
        Which of the figures of our contestant is the ideal time, in seconds.
    reach : float
        The part of it to reach.
    bounds_at : frozenset of str
    """

    what: str
    figure: str
    reach: float
    phase: str
    ours: str = OURS
    bounds_at: frozenset[str] = FULL_SIZE

    def line(self, taken: Taken) -> Line:
        ours = taken.of(self.ours)
        seconds = spread_of([one.seconds(self.phase) for one in ours])
        ideal = spread_of([one.figures[self.figure] for one in ours])
        return Line(
            benchmark=taken.benchmark,
            what=self.what,
            peer=self.figure,
            unit="s",
            ours=seconds,
            theirs=ideal,
            ratio=ideal.median / seconds.median,
            reach=self.reach,
            machine=ideal.median,
            runs=len(ours),
        )


@dataclass(frozen=True, slots=True)
class Bound:
    """Something that was measured stays within a bound.

    Attributes
    ----------
    what, unit : str
        What was measured, and in what.
    values : callable
        Returns the value of each run.
    at_most : float or callable
        The bound, or what returns it.
    bounds_at : frozenset of str
    """

    what: str
    unit: str
    values: Callable[[Taken], Sequence[float]]
    at_most: Callable[[Taken], float] | float
    bounds_at: frozenset[str] = EVERY_SIZE

    def line(self, taken: Taken) -> Line:
        values = self.values(taken)
        return Line(
            benchmark=taken.benchmark,
            what=self.what,
            peer="",
            unit=self.unit,
            ours=spread_of(values),
            theirs=None,
            ratio=None,
            reach=self.at_most(taken) if callable(self.at_most) else self.at_most,
            runs=len(values),
        )


def fits_bound(at_most: Callable[[Taken], float] | float, ours: str = OURS) -> Bound:
    """Return the claim that no step was fitted more often than it has to be, which small sizes can show as well."""
    return Bound("steps fitted", "fits", lambda taken: [one.figures[STEPS_FITTED] for one in taken.of(ours)], at_most)
