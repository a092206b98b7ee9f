"""The protocol of callbacks: what is told when."""

from __future__ import annotations

from collections.abc import Mapping

from multisearch._records import Candidate, Outcome

ONE_SCORE = "score"
"""What the score is called where there is only one metric, which nobody has given a name."""


class Callback:
    """Does nothing on every event; a kind of callback overrides what it needs."""

    def on_start(self, n_candidates: int, n_folds: int) -> None:
        """Take note that a search begins."""

    def on_outcome(self, candidate: Candidate, outcome: Outcome) -> None:
        """Take note of a finished evaluation."""

    def on_candidate(self, candidate: Candidate, mean_test_scores: Mapping[str, float]) -> None:
        """Take note of a candidate whose folds are all done, with its scores by metric; with none where one failed."""

    def on_refit(self, candidate: Candidate) -> None:
        """Take note that the winner is being fitted on all rows."""

    def on_end(self) -> None:
        """Take note that the search is over, whatever way."""
