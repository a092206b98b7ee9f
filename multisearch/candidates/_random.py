"""Settings drawn at random."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sklearn.model_selection import ParameterGrid, ParameterSampler

from multisearch._records import Candidate, Outcome
from multisearch.candidates._space import Competitor


class RandomSampler:
    """Proposes what RandomizedSearchCV would draw for this estimator alone; a smaller grid is taken whole."""

    def __init__(self, competitor: Competitor, n_iter: int, random_state: Any) -> None:
        spaces = [dict(space) for space in competitor.spaces]
        if not competitor.distributions:
            n_iter = min(n_iter, len(ParameterGrid(spaces)))
        self._left: list[Mapping[str, Any]] = list(ParameterSampler(spaces, n_iter, random_state=random_state))

    def ask(self) -> list[Mapping[str, Any]]:
        settings, self._left = self._left, []
        return settings

    def tell(self, candidate: Candidate, outcomes: Sequence[Outcome]) -> None:
        """Learn nothing: every setting is drawn independently of the others' scores."""
