"""scikit-learn's test module for its searches, imported with other searches in their place."""

import importlib
import sys
from collections.abc import Sequence

import pytest
import sklearn.model_selection

MODULE = "sklearn.model_selection.tests.test_search"

DIFFERS_EVERYWHERE = {
    "test_custom_run_search": "it derives from scikit-learn's BaseSearchCV, which MultiModelSearchCV is no kind of",
}
"""Tests of what MultiModelSearchCV does not do, with the reason."""


def searches_tested_with(grid_search, randomized_search, exceptions):
    """Return scikit-learn's tests by name, run on other searches; exceptions are left out."""
    own = sklearn.model_selection.GridSearchCV, sklearn.model_selection.RandomizedSearchCV
    sys.modules.pop(MODULE, None)
    sklearn.model_selection.GridSearchCV = grid_search
    sklearn.model_selection.RandomizedSearchCV = randomized_search
    try:
        module = importlib.import_module(MODULE)
    finally:
        sklearn.model_selection.GridSearchCV, sklearn.model_selection.RandomizedSearchCV = own
    found = {name: test for name, test in vars(module).items() if name.startswith("test_")}
    return {name: _with_values_listed(test) for name, test in found.items() if name not in exceptions}


def _with_values_listed(test):
    """Make lists of parametrised values that scikit-learn generates: pytest 9.1 warns of generators."""
    for position, mark in enumerate(getattr(test, "pytestmark", [])):
        if mark.name == "parametrize" and not isinstance(mark.args[1], Sequence):
            test.pytestmark[position] = pytest.mark.parametrize(mark.args[0], list(mark.args[1]), **mark.kwargs).mark
    return test
