"""How many evaluations go into one task: measured costs against the scheduler's overhead."""

from __future__ import annotations

import math
from collections.abc import Mapping

_MEMORY = 0.8


class Costs:
    """Running means of what an evaluation takes, by estimator.

    A batch should last long enough to hide what the scheduler costs, and short enough that little is lost with a
    worker and that all workers stay busy to the end: about a second, less when little is left.

    Parameters
    ----------
    target_seconds : float, default=1.0
        How long a batch may last.
    """

    def __init__(self, target_seconds: float = 1.0) -> None:
        self._target = target_seconds
        self._means: dict[str, float] = {}

    def measured(self, estimator: str, seconds: float) -> None:
        """Take note of one finished evaluation."""
        mean = self._means.get(estimator, seconds)
        self._means[estimator] = _MEMORY * mean + (1 - _MEMORY) * seconds

    def of(self, estimator: str) -> float:
        """Return the seconds that an evaluation is expected to take; infinite before one was measured."""
        return self._means.get(estimator, math.inf)

    def seconds_per_batch(self, left: Mapping[str, int], capacity: int) -> float:
        """Return how long the next batch may last, given the evaluations left (by estimator) and the slots."""
        total = sum(count * self.of(estimator) for estimator, count in left.items() if count)
        return min(self._target, total / (2 * capacity))
