"""A search whose fits leave a line each in a file, and take as long as another file says."""

import json
import os
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
from helpers import assert_same_results
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.datasets import make_regression
from sklearn.linear_model import Ridge

from multisearch import MultiModelSearchCV, read_journal

X, y = make_regression(60, 5, noise=10.0, random_state=0)
SPLITS = [(np.arange(40 + fold), np.arange(45, 60)) for fold in range(4)]
"""Folds that a fit can tell apart by the number of its rows."""

HELD = 120.0
"""Seconds that a fit takes which is to be there when something happens."""


class Fit(NamedTuple):
    """What a fit has said when it began."""

    alpha: float
    fold: int
    pid: int
    seconds: float


class Traced(RegressorMixin, BaseEstimator):
    """A Ridge that says in a folder that it is being fitted."""

    def __init__(self, folder, alpha=1.0):
        self.folder = folder
        self.alpha = alpha

    def fit(self, X, y):
        leave_a_trace(Path(self.folder), self.alpha, len(X))
        self.model_ = Ridge(alpha=self.alpha).fit(X, y)
        return self

    def predict(self, X):
        return self.model_.predict(X)


def leave_a_trace(folder, alpha, n_rows):
    """Write a line, and take the time that is asked for."""
    pace = json.loads((folder / "pace").read_text())
    with (folder / "fits").open("a+") as file:
        file.seek(0)
        seconds = pace["seconds"] if len(file.readlines()) < pace["hold_after"] else HELD
        file.write(f"{alpha!r} {n_rows - 40} {os.getpid()} {seconds}\n")
    time.sleep(seconds)
    if seconds == HELD:
        (folder / "over").touch()


def set_pace(folder, seconds, hold_after=10**9):
    """Say how long fits take; those after some number of them are held."""
    new = folder / "pace.new"
    new.write_text(json.dumps({"seconds": seconds, "hold_after": hold_after}))
    new.replace(folder / "pace")


def fits_in(folder):
    """Return all fits that have begun."""
    file = folder / "fits"
    lines = file.read_text().splitlines() if file.exists() else []
    return [Fit(float(a), int(fold), int(pid), float(s)) for a, fold, pid, s in map(str.split, lines)]


def told_in(folder):
    """Return the evaluations, as alpha and fold, that callbacks were told of."""
    return set().union(*_evaluations_in(folder / "told"))


def arrivals_in(folder):
    """Return the evaluations of each batch that has come from a worker, in their order."""
    return _evaluations_in(folder / "arrived")


def _evaluations_in(file):
    lines = file.read_text().splitlines() if file.exists() else []
    words = [line.split() for line in lines]
    return [{(float(a), int(fold)) for a, fold in zip(line[::2], line[1::2], strict=True)} for line in words]


def is_well_under_way(folder):
    """Say whether a fit is held, and the results of some candidate on all folds have arrived."""
    return any(fit.seconds == HELD for fit in fits_in(folder)) and bool(complete_in_journal(folder))


def held_fit_is_over(folder):
    """Say whether a fit that was held has come to its end, and nobody has ended it."""
    return (folder / "over").exists()


def search_in(folder, n_candidates=15, *, model=Traced, **arguments):
    """Return a search that leaves its traces in a folder, and its journal beside them."""
    alphas = [float(alpha) for alpha in np.geomspace(1e-3, 1e3, n_candidates)]
    arguments = {"journal": folder / "journal.sqlite", "refit": False, **arguments}
    return MultiModelSearchCV([("traced", model(str(folder)), {"alpha": alphas})], cv=SPLITS, **arguments)


def in_journal(folder):
    """Return the evaluations, as alpha and fold, that the journal holds."""
    table = read_journal(folder / "journal.sqlite")
    return {(params["alpha"], fold) for params, fold in zip(table["params"], table["fold"], strict=True)}


def complete_in_journal(folder):
    """Return the candidates, as alphas in order, that the journal knows on all folds."""
    folds = Counter(alpha for alpha, _ in in_journal(folder))
    return sorted(alpha for alpha, count in folds.items() if count == len(SPLITS))


def undisturbed(folder, n_candidates=15):
    """Return the ``cv_results_`` of the same search when nothing happens, without a journal."""
    alone = folder / "undisturbed"
    alone.mkdir()
    set_pace(alone, 0)
    return search_in(alone, n_candidates, journal=None, scheduler="inline").fit(X, y).cv_results_


def assert_partial_results(found, folder):
    """Check that partial results are of exactly those candidates that the journal knows on all folds."""
    complete = complete_in_journal(folder)
    assert complete
    assert sorted(found["param_alpha"]) == complete


def assert_goes_on(folder):
    """Check that the same search takes what is in the journal, computes only the rest, and ends as if undisturbed."""
    finished, before = in_journal(folder), len(fits_in(folder))
    assert finished
    set_pace(folder, 0)
    search = search_in(folder, scheduler="inline").fit(X, y)
    assert search.search_stats_.evaluations_from_journal == len(finished)
    again = [(fit.alpha, fit.fold) for fit in fits_in(folder)[before:]]
    assert len(again) == search.search_stats_.evaluations - len(finished)
    assert not finished.intersection(again)
    assert_same_results(undisturbed(folder), search.cv_results_)
