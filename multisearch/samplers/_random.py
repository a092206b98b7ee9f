"""Settings drawn at random."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sklearn.model_selection import ParameterGrid, ParameterSampler

from multisearch._records import Candidate, Competitor, Outcome


class RandomSampler:
    """Proposes what RandomizedSearchCV would draw for this estimator alone; a smaller grid is taken whole.

    Raises
    ------
    ValueError
        Where a distribution cannot be drawn from.
    """

    def __init__(self, competitor: Competitor, n_iter: int, random_state: Any) -> None:
        spaces = [dict(space) for space in competitor.spaces]
        if not competitor.distributions:
            n_iter = min(n_iter, len(ParameterGrid(spaces)))
        try:
            self._left: list[Mapping[str, Any]] = list(ParameterSampler(spaces, n_iter, random_state=random_state))
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"the settings of estimator {competitor.name!r} cannot be drawn: {error}; give distributions "
                "whose rvs needs nothing but a random_state, such as scipy.stats.randint(1, 10)"
            ) from error

    def ask(self) -> list[Mapping[str, Any]]:
        settings, self._left = self._left, []
        return settings

    def tell(self, candidate: Candidate, outcomes: Sequence[Outcome]) -> None:
        """Learn nothing: every setting is drawn independently of the others' scores."""
