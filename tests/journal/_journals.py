"""Entries that tests write into journals, and what journals know of them."""

from multisearch._records import Outcome
from multisearch.journal import Entry, Journal


def entry(key, *, estimator="ridge", params=None, fold=0, times=(1.5, 0.25, 1.25), **outcome):
    """Return an entry whose evaluation went well, unless a failure is given."""
    scores = {} if "failure" in outcome else {"test_scores": 0.5}
    return Entry(key, estimator, params or {}, Outcome(7, fold, *times, **{**scores, **outcome}))


def found(journal, *keys, retry_failed=False):
    """Return what an open journal knows, by key."""
    places = {(0, fold): key for fold, key in enumerate(keys)}
    return {places[place]: outcome for place, outcome in journal.find(places, retry_failed=retry_failed).items()}


def known(path, *keys, retry_failed=False):
    """Return what the journal at a path knows, by key."""
    with Journal(path) as journal:
        return found(journal, *keys, retry_failed=retry_failed)


def write(path, *entries):
    """Add entries, each in a transaction of its own, and close the journal."""
    with Journal(path) as journal:
        for one in entries:
            journal.add([one])
