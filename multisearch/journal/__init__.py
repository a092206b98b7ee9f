"""What is finished, on disk: under which key, in which file, and what a search finds there."""

from multisearch.journal._journal import Entry, Journal
from multisearch.journal._keys import EvaluationKeys
from multisearch.journal._known import KnownEvaluations
from multisearch.journal._read import read_journal

__all__ = ["Entry", "EvaluationKeys", "Journal", "KnownEvaluations", "read_journal"]
