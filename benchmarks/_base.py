"""What a benchmark is: contestants, how large everything is, and what is claimed of the outcome."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol

from benchmarks._measurement import Measurement, SizeT, Stage

OURS = "multisearch"
"""What our contestant is called where there is one only."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A median with the lowest and the highest value."""

    median: float
    lowest: float
    highest: float


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table.

    Attributes
    ----------
    benchmark, what, peer : str
        What was measured, and against whom.
    unit : str
        "s" for seconds, otherwise what follows the number.
    ours, theirs : Spread or None
    ratio : float or None
        How many times as fast as the peer, by the medians.
    reach : float or None
        The ratio to reach; without a ratio the value not to exceed. None where the sizes say nothing about it.
    limit : float or None
        The ratio of the work that the peer does and the work that is needed.
    machine : float or None
        The seconds that the needed work takes when no core ever waits.
    disagreement : str or None
        Where the contestants' scores differ; "" where they are equal to the bit, None without anything to compare.
    runs : int
        How often each contestant has performed.
    """

    benchmark: str
    what: str
    peer: str
    unit: str
    ours: Spread
    theirs: Spread | None
    ratio: float | None
    reach: float | None
    limit: float | None = None
    machine: float | None = None
    disagreement: str | None = None
    runs: int = 1

    @property
    def is_missed(self) -> bool:
        """Whether there is a bound, and it is missed."""
        if self.reach is None:
            return False
        return self.ours.median > self.reach if self.ratio is None else self.ratio < self.reach


@dataclass(frozen=True, slots=True)
class Share:
    """What one difference between two contestants contributes to a ratio.

    Attributes
    ----------
    benchmark, whole : str
        Which ratio is taken apart.
    what : str
        The difference.
    slower, faster : str
        The contestants that differ in this; "" where the share was counted.
    factor : float
        How many times as fast it makes the search, by the medians.
    disagreement : str
        As in `Line`.
    """

    benchmark: str
    whole: str
    what: str
    slower: str
    faster: str
    factor: float
    disagreement: str = ""


class LeftOutError(LookupError):
    """A contestant was not to perform, so that nothing can be claimed of it."""


class Taken:
    """All measurements that one benchmark has taken.

    Parameters
    ----------
    benchmark : str
    measurements : sequence of Measurement
    cores : int, default=2
        Cores that every contestant may use.
    left_out : collection of str, default=()
        Contestants that were not to perform.
    """

    def __init__(
        self,
        benchmark: str,
        measurements: Sequence[Measurement],
        cores: int = 2,
        left_out: Collection[str] = (),
    ) -> None:
        self.benchmark = benchmark
        self._left_out = left_out
        self.measurements = measurements
        self.cores = cores

    def of(self, contestant: str) -> list[Measurement]:
        """Return the measurements of one contestant.

        Raises
        ------
        LeftOutError
            Where it was not to perform.
        LookupError
            Where it has not left any, because it failed.
        """
        if contestant in self._left_out:
            raise LeftOutError(contestant)
        found = [one for one in self.measurements if one.contestant == contestant]
        if not found:
            raise LookupError(f"{self.benchmark}: nothing was measured of {contestant}")
        return found


FULL_SIZE = frozenset({"full"})
EVERY_SIZE = frozenset({"full", "quick"})


class Claim(Protocol):
    """One thing that a benchmark shows; a line of the table.

    Attributes
    ----------
    bounds_at : frozenset of str
        The sizes at which its bound means something.
    """

    @property
    def bounds_at(self) -> frozenset[str]: ...

    def line(self, taken: Taken) -> Line:
        """Compare what was measured with what is to be reached."""


class Breakdown(Protocol):
    """Says what a ratio is made of."""

    def shares(self, taken: Taken) -> list[Share]:
        """Compare contestants that differ in one thing each."""


@dataclass(frozen=True, slots=True)
class Benchmark(Generic[SizeT]):
    """One benchmark, as its file declares it.

    Attributes
    ----------
    about : str
        What it is about, in a sentence.
    full, quick : object
        How large everything is: a record of the benchmark's own.
    contestants : mapping of str to callable
        What each does on its `Stage`, in a process of its own. They take turns.
    claims : sequence of Claim
    made_of : sequence of Breakdown
        What the ratios are made of.
    parts : callable or None
        Measures once, also in a process of its own, what the work is made of, to know its limit.
    only_full : frozenset of str
        Contestants that quick runs leave out: they would show nothing that another benchmark does not show.
    runs : int
        How often each contestant performs, unless the command line says so: five times, or three where it takes
        minutes.
    watch_memory : bool
        Whether to watch the memory of all processes.
    """

    about: str
    full: SizeT
    quick: SizeT
    contestants: Mapping[str, Callable[[Stage[SizeT]], None]]
    claims: Sequence[Claim]
    made_of: Sequence[Breakdown] = ()
    parts: Callable[[Stage[SizeT]], None] | None = None
    only_full: frozenset[str] = frozenset()
    runs: int = 5
    watch_memory: bool = False

    def left_out(self, size: str) -> frozenset[str]:
        """Return the contestants that do not perform at a size."""
        return self.only_full if size == "quick" else frozenset()

    def performers(self) -> dict[str, Callable[[Stage[SizeT]], None]]:
        """Return everything that performs, the contestants and the measuring of parts."""
        return {**self.contestants, **({} if self.parts is None else {PARTS: self.parts})}


PARTS = "parts"
"""What the measuring of parts is called."""
