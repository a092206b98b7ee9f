"""The protocol of samplers: ask for settings, tell what they scored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from multisearch._records import Candidate, Outcome


class Sampler(Protocol):
    """Proposes the settings of one estimator."""

    def ask(self) -> list[Mapping[str, Any]]:
        """Return the settings to try next; an empty list when there is nothing (more) to try."""

    def tell(self, candidate: Candidate, outcomes: Sequence[Outcome]) -> None:
        """Take note of a candidate whose folds are all done."""
