"""Every setting of a grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sklearn.model_selection import ParameterGrid

from multisearch._records import Candidate, Competitor, Outcome


class GridSampler:
    """Proposes the whole grid at once, in the order of scikit-learn's ``ParameterGrid``."""

    def __init__(self, competitor: Competitor) -> None:
        self._left: list[Mapping[str, Any]] = list(ParameterGrid([dict(space) for space in competitor.spaces]))

    def ask(self) -> list[Mapping[str, Any]]:
        settings, self._left = self._left, []
        return settings

    def tell(self, candidate: Candidate, outcomes: Sequence[Outcome]) -> None:
        """Learn nothing: a grid is tried whole."""
