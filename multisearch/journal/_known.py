"""Between a search and its journal: what is known before the work starts, and what is written down as it is done."""

from __future__ import annotations

from collections.abc import Sequence

from multisearch._records import Candidate, Outcome
from multisearch.journal._journal import Entry, Journal
from multisearch.journal._keys import EvaluationKeys


class KnownEvaluations:
    """The evaluations of one search that a journal knows, and is told of.

    Parameters
    ----------
    journal : Journal
    keys : EvaluationKeys
    retry_failed : bool
        Whether fits that have failed by an exception are done again.
    with_train_scores : bool
        Whether evaluations without a score on the training rows are done again.
    """

    def __init__(self, journal: Journal, keys: EvaluationKeys, *, retry_failed: bool, with_train_scores: bool) -> None:
        self._journal = journal
        self._keys_of = keys
        self._keys: dict[tuple[int, int], str] = {}
        self._retry_failed = retry_failed
        self._with_train_scores = with_train_scores

    @property
    def path(self) -> str:
        """Where the journal is."""
        return self._journal.path

    def of(self, candidates: Sequence[Candidate]) -> dict[tuple[int, int], Outcome]:
        """Return the outcomes that are known, by candidate and fold."""
        keys = {place: key for candidate in candidates for place, key in self._keys_of(candidate).items()}
        self._keys |= keys
        found = self._journal.find(keys, retry_failed=self._retry_failed)
        return {place: outcome for place, outcome in found.items() if self._is_complete(outcome)}

    def _is_complete(self, outcome: Outcome) -> bool:
        return not self._with_train_scores or outcome.failure is not None or outcome.train_scores is not None

    def keep(self, finished: Sequence[tuple[Candidate, Outcome]]) -> None:
        """Write down what has finished."""
        entries = []
        for candidate, outcome in finished:
            key = self._keys.get((outcome.candidate, outcome.fold))
            if key is not None and not (outcome.failure is not None and outcome.failure.ends_search):
                entries.append(Entry(key, candidate.estimator, candidate.params, outcome))
        if entries:
            self._journal.add(entries)
