"""Searches that are run, and what must be equal between two of them."""

import contextlib
import re
import warnings
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from helpers import assert_same_results
from hypothesis import reject
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, ParameterGrid
from sklearn.utils import _safe_indexing
from threadpoolctl import threadpool_limits

_BEST = ("best_index_", "best_score_")


@dataclass(frozen=True)
class Ran:
    """What a search has found, or how it has failed."""

    results: dict | None = None
    error: BaseException | None = None
    best: dict = field(default_factory=dict)
    predictions: Any = None
    failed: frozenset = frozenset()


def ran(case, **arguments):
    """Run a case's search; its data must come out as they went in."""
    X, y, params = case.data.build()
    before = _content(X, y, params)
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")
        search = case.search(**arguments)
        try:
            search.fit(X, y, **params)
        except Exception as error:  # noqa: BLE001 - whatever it is, the other search has to end alike
            return Ran(error=error)
        finally:
            assert _content(X, y, params) == before, "the search has changed its data"
        return _found(search, case.data.build()[0])


def _content(X, y, params):
    return [_told(rows) for rows in (X, y, *params.values())]


def _told(rows):
    """Return the content of rows, whatever they cache about themselves."""
    if hasattr(rows, "to_csv"):
        return rows.to_csv(), repr(rows.attrs)
    if hasattr(rows, "tocsr"):
        return [part.tobytes() for part in (rows.data, rows.indices, rows.indptr)]
    if isinstance(rows, np.ndarray) and rows.dtype != object:
        return str(rows.dtype), rows.flags.writeable, rows.tobytes()
    return repr(rows.tolist() if isinstance(rows, np.ndarray) else rows)


def _found(search, X):
    best = {name: float(getattr(search, name)) for name in _BEST if hasattr(search, name)}
    failures = search.failures_
    failed = frozenset(zip(failures["candidate"], failures["fold"], strict=True))
    predictions = _predictions(search, X) if search.refit else None
    return Ran(_comparable(search.cv_results_), None, best, predictions, failed)


def _comparable(results):
    """Return ``cv_results_`` with words in place of values that are equal to nothing but themselves."""
    return {name: _in_words(values) if name.startswith("param_") else values for name, values in results.items()}


def _in_words(values):
    if values.dtype != object:
        return values
    words = [re.sub(r" at 0x\w+", "", repr(value)) for value in np.ma.getdata(values)]
    return np.ma.array(words, mask=np.ma.getmaskarray(values))


def _predictions(search, X):
    try:
        return np.asarray(search.best_estimator_.predict(X))
    except Exception as error:  # noqa: BLE001 - a model that cannot predict all rows is equal to another such
        return np.array(type(error).__name__)


def assert_same(one, other):
    """Check that two searches have found the same, to the bit, or failed alike."""
    if one.error is not None or other.error is not None:
        # Of several errors the one that comes first ends a search, and short cuts change the order of the work
        assert one.error is not None, f"only one ended with an error: {other.error!r}"
        assert other.error is not None, f"only one ended with an error: {one.error!r}"
        return
    assert one.failed == other.failed, f"other evaluations failed: {sorted(one.failed ^ other.failed)}"
    assert_same_results(one.results, other.results)
    np.testing.assert_equal(one.best, other.best)
    np.testing.assert_array_equal(one.predictions, other.predictions, err_msg="predictions of the best estimator")


def differs(one, other):
    """Return what is wrong as an AssertionError, or None."""
    try:
        assert_same(one, other)
    except AssertionError as error:
        return error
    return None


def check_equal(expected, found):
    """Check that two searches, given by functions that run them, find the same, each time that they are run.

    A case that the expected search does not reproduce itself is no case. Neither is one that goes well when it is run
    again: sums over the same numbers differ in the last bit, once in many thousand fits, by where in memory they lie.
    """
    first = expected()
    error = differs(first, found())
    if error is None:
        return
    for _ in range(2):
        if differs(first, expected()) is not None or differs(first, found()) is None:
            reject()
    raise error


def check_short_cuts(case):
    """Check that sharing and paths change nothing."""
    check_equal(lambda: ran(case, optimize=False), lambda: ran(case))


def check_journal(case, changed, folder):
    """Check that a journal changes nothing, neither for the search that wrote it nor for one that differs a little."""
    journal = folder / "journal.sqlite"
    check_equal(lambda: ran(case), lambda: ran(case, journal=journal))  # writes
    check_equal(lambda: ran(case), lambda: ran(case, journal=journal))  # reads
    check_equal(lambda: ran(changed), lambda: ran(changed, journal=journal))


def check_workers(case):
    """Check that local workers find what this process finds."""
    check_equal(lambda: ran(case), lambda: ran(case, scheduler="local", n_jobs=2))


def check_grid_search(case):
    """Check a plain search of one estimator against GridSearchCV.

    Train scores are left out where a fit overwrites its rows: GridSearchCV scores what is left of them.
    """
    if case.judging.return_train_score and _overwrites_rows(case):
        case = replace(case, judging=replace(case.judging, return_train_score=False))

    def plain():
        found = ran(case, optimize=False)
        if found.error is not None:
            return found
        results = {name: values for name, values in found.results.items() if name != "estimator"}
        return replace(found, results=results, failed=frozenset())

    check_equal(lambda: _grid_search(case), plain)


def _overwrites_rows(case):
    """Say whether a candidate of a case writes into the rows that it is fitted on."""
    X, y, _ = case.data.build()
    ((_, estimator, space),) = [entry.build(case.number) for entry in case.entries]
    selected = list(range(len(y)))
    return any(_overwrites(clone(estimator).set_params(**params), X, y, selected) for params in ParameterGrid(space))


def _overwrites(estimator, X, y, selected):
    rows = [_safe_indexing(part, selected) for part in (X, y)]
    before = _content(*rows, {})
    with warnings.catch_warnings(), contextlib.suppress(Exception):  # where it fails there is no train score
        warnings.simplefilter("ignore")
        estimator.fit(*rows)
    return _content(*rows, {}) != before


def _grid_search(case):
    ((_, estimator, space),) = [entry.build(case.number) for entry in case.entries]
    arguments = case.judging.arguments(case.data, case.number)
    arguments.pop("early_stopping")
    X, y, params = case.data.build()
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")
        search = GridSearchCV(estimator, space, **arguments)
        try:
            search.fit(X, y, **params)
        except Exception as error:  # noqa: BLE001 - the other search has to end alike
            return Ran(error=error)
        best = {name: float(getattr(search, name)) for name in _BEST if hasattr(search, name)}
        # It has fitted the best estimator on X itself, which that may have written into
        predictions = _predictions(search, case.data.build()[0]) if search.refit else None
        return Ran(_comparable(search.cv_results_), None, best, predictions)
