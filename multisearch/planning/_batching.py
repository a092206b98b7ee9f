"""How many evaluations go into one task: measured costs against the scheduler's overhead."""

from __future__ import annotations

import math
from collections.abc import Mapping

from multisearch._records import Candidate

_MEMORY = 0.8


class Costs:
    """What an evaluation takes: what the same candidate took on other folds, or a running mean of its estimator.

    A batch should last long enough to hide what the scheduler costs, and short enough that little is lost with a
    worker and that all workers stay busy to the end: about a second, less when little is left.

    Parameters
    ----------
    target_seconds : float, default=1.0
        How long a batch may last.
    """

    def __init__(self, target_seconds: float = 1.0) -> None:
        self.target_seconds = target_seconds
        self._by_estimator: dict[str, float] = {}
        self._by_candidate: dict[int, float] = {}

    def measured(self, candidate: Candidate, seconds: float) -> None:
        """Take note of one finished evaluation."""
        mean = self._by_estimator.get(candidate.estimator, seconds)
        self._by_estimator[candidate.estimator] = _MEMORY * mean + (1 - _MEMORY) * seconds
        self._by_candidate[candidate.index] = seconds

    def of(self, candidate: Candidate) -> float:
        """Return the seconds that an evaluation is expected to take; infinite before its estimator was measured."""
        known = self._by_candidate.get(candidate.index)
        return self.of_estimator(candidate.estimator) if known is None else known

    def of_estimator(self, name: str) -> float:
        """Return what a new candidate of an estimator is expected to take."""
        return self._by_estimator.get(name, math.inf)

    def seconds_per_batch(self, left: Mapping[str, int], capacity: int) -> float:
        """Return how long the next batch may last, given the evaluations left (by estimator) and the slots."""
        return min(self.target_seconds, self.total_of(left) / (2 * capacity))

    def total_of(self, left: Mapping[str, int]) -> float:
        """Return what evaluations are expected to take together, given how many there are (by estimator)."""
        return sum(count * self.of_estimator(estimator) for estimator, count in left.items() if count)
