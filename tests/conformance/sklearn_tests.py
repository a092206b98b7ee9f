"""scikit-learn's test module for its searches, imported with other searches in their place."""

import importlib.util
import inspect
import math
import sys
from collections.abc import Collection
from dataclasses import dataclass
from types import CodeType

import pytest
import sklearn.model_selection
from sklearn.experimental import enable_halving_search_cv  # noqa: F401 - or there are no halving searches to import
from sklearn.model_selection import HalvingGridSearchCV, HalvingRandomSearchCV
from sklearn.utils.fixes import parse_version

MODULE = "sklearn.model_selection.tests.test_search"
NOT_OURS = (HalvingGridSearchCV, HalvingRandomSearchCV)

LEAST_CASES = {"1.7": 119, "1.9": 143}
"""How many cases there are at least, since which version of scikit-learn."""


@dataclass(frozen=True)
class Differs:
    """Why a test of scikit-learn's must fail on MultiModelSearchCV, with what, and since which version it is there."""

    reason: str
    raises: type[BaseException] | tuple[type[BaseException], ...]
    since: str = "1.7"


DIFFERS_EVERYWHERE = {
    "test_custom_run_search": Differs(
        "it looks for every fitted attribute of the search on one of scikit-learn's, which has no best_estimator_name_",
        AttributeError,
    ),
}
"""Tests of what MultiModelSearchCV does not do."""

if parse_version(sklearn.__version__) < parse_version("1.8"):
    DIFFERS_EVERYWHERE["test_random_search_bad_cv"] = Differs(
        "it expects a message in the words that scikit-learn used then", AssertionError
    )


def searches_tested_with(grid_search, randomized_search, differs, name=MODULE):
    """Return scikit-learn's tests of its grid and random searches by name, run on other searches.

    Tests and cases that run neither are left out: those of halving searches, and of helpers alone.

    Parameters
    ----------
    grid_search, randomized_search : type
    differs : dict of str to Differs
        By the names of tests that must fail, in every case.
    name : str
        What the module is imported as. Workers can import its classes under its own name only; a process that imports
        it twice has to give it another.
    """
    module = _imported_with(grid_search, randomized_search, name)
    tests = {name: _listed(test) for name, test in vars(module).items() if name.startswith("test_")}
    ours = (grid_search, randomized_search)
    found = {name: test for name, test in tests.items() if _runs(test, ours)}
    for test, why in differs.items():
        if parse_version(sklearn.__version__) < parse_version(why.since):
            continue
        found[test] = pytest.mark.xfail(reason=why.reason, raises=why.raises, strict=True)(found[test])
    return found


def n_cases(tests):
    """Return how many cases some tests have together."""
    return sum(math.prod(len(mark.args[1]) for mark in _parametrized(test)) for test in tests)


def least_cases():
    """Return how many there must be at least, with the installed version of scikit-learn."""
    installed = parse_version(sklearn.__version__)
    return max(least for version, least in LEAST_CASES.items() if parse_version(version) <= installed)


def _imported_with(grid_search, randomized_search, name):
    spec = importlib.util.spec_from_file_location(name, importlib.util.find_spec(MODULE).origin)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    own = sklearn.model_selection.GridSearchCV, sklearn.model_selection.RandomizedSearchCV
    sklearn.model_selection.GridSearchCV = grid_search
    sklearn.model_selection.RandomizedSearchCV = randomized_search
    try:
        spec.loader.exec_module(module)
    finally:
        sklearn.model_selection.GridSearchCV, sklearn.model_selection.RandomizedSearchCV = own
    return module


def _parametrized(test):
    return [mark for mark in getattr(test, "pytestmark", []) if mark.name == "parametrize"]


def _listed(test):
    """Make lists of parametrised values, of which pytest 9.1 wants no generators, without halving searches."""
    marks = getattr(test, "pytestmark", [])
    for position, mark in enumerate(marks):
        if mark.name == "parametrize":
            names, values = mark.args
            kept = [value for value in values if not _holds(value, NOT_OURS)]
            marks[position] = pytest.mark.parametrize(names, kept, **mark.kwargs).mark
    return test


def _runs(test, searches):
    """Say whether a test names one of the searches, or is given one."""
    function = inspect.unwrap(test)
    named = [function.__globals__.get(name) for name in _names_in(function.__code__)]
    given = [value for mark in _parametrized(test) for value in mark.args[1]]
    return any(isinstance(one, type) and one in searches for one in named) or _holds(given, searches)


def _names_in(code):
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names_in(constant)


def _holds(value, classes: Collection[type]):
    """Say whether a parametrised value is, or contains, one of the classes or an instance of it."""
    if isinstance(value, (tuple, list)):
        return any(_holds(one, classes) for one in value)
    return (value if isinstance(value, type) else type(value)) in classes
