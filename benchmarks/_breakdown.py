"""What a ratio is made of: contestants in a row, each of which differs from the one before in one thing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from statistics import median

from benchmarks._agreement import disagreement
from benchmarks._base import OURS, Share, Taken
from benchmarks._measurement import EVALUATIONS, SAVED_BY_PATHS


@dataclass(frozen=True, slots=True)
class Chain:
    """The factors between a peer and us multiply to the whole ratio.

    Attributes
    ----------
    whole : str
        What is taken apart.
    phase : str
    first : str
        The contestant that is compared with the first of ``steps``.
    steps : sequence of (str, str)
        What is different, and the contestant in which it is.
    """

    whole: str
    phase: str
    first: str
    steps: Sequence[tuple[str, str]]

    def shares(self, taken: Taken) -> list[Share]:
        """Compare neighbours, and in the end the last with the first."""
        contestants = [self.first, *(contestant for _, contestant in self.steps)]
        found = [
            self._share(taken, what, pair) for (what, _), pair in zip(self.steps, pairwise(contestants), strict=True)
        ]
        together = Share(
            benchmark=taken.benchmark,
            whole=self.whole,
            what="all of these",
            slower=self.first,
            faster=contestants[-1],
            factor=prod(share.factor for share in found),
        )
        return [*found, together] if len(found) > 1 else found

    def _share(self, taken: Taken, what: str, pair: tuple[str, str]) -> Share:
        slower, faster = (taken.of(contestant) for contestant in pair)
        before, after = (median(one.seconds(self.phase) for one in several) for several in (slower, faster))
        return Share(
            benchmark=taken.benchmark,
            whole=self.whole,
            what=what,
            slower=pair[0],
            faster=pair[1],
            factor=before / after,
            disagreement=disagreement([one.scores[self.phase] for one in [*slower, *faster]]),
        )


@dataclass(frozen=True, slots=True)
class Paths:
    """How many evaluations there are for one that was not met on the path of a larger fit, by our own count.

    Attributes
    ----------
    whole, ours : str
        As in `Chain`.
    """

    whole: str
    ours: str = OURS

    def shares(self, taken: Taken) -> list[Share]:
        """Count, where others compare times."""
        figures = taken.of(self.ours)[0].figures
        fitted = figures[EVALUATIONS] - figures[SAVED_BY_PATHS]
        saved = f"paths: {figures[SAVED_BY_PATHS]:g} of {figures[EVALUATIONS]:g} fits saved, by count"
        return [Share(taken.benchmark, self.whole, saved, "", "", figures[EVALUATIONS] / fitted)]
