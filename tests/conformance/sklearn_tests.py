"""scikit-learn's test module for its searches, imported with other searches in their place."""

import importlib.util
import sys
from collections.abc import Sequence

import pytest
import sklearn.model_selection
from sklearn.utils.fixes import parse_version

MODULE = "sklearn.model_selection.tests.test_search"

DIFFERS_EVERYWHERE = {
    "test_custom_run_search": "it derives from scikit-learn's BaseSearchCV, which MultiModelSearchCV is no kind of",
}
"""Tests of what MultiModelSearchCV does not do, with the reason."""

if parse_version(sklearn.__version__) < parse_version("1.8"):
    DIFFERS_EVERYWHERE["test_random_search_bad_cv"] = "it expects a message in the words that scikit-learn used then"


def searches_tested_with(grid_search, randomized_search, exceptions, name=MODULE):
    """Return scikit-learn's tests by name, run on other searches; exceptions are left out.

    ``name`` is what the module is imported as. Workers can import its classes under its own name only; a process that
    imports it twice has to give it another.
    """
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
    found = {name: test for name, test in vars(module).items() if name.startswith("test_")}
    return {name: _with_values_listed(test) for name, test in found.items() if name not in exceptions}


def _with_values_listed(test):
    """Make lists of parametrised values that scikit-learn generates: pytest 9.1 warns of generators."""
    for position, mark in enumerate(getattr(test, "pytestmark", [])):
        if mark.name == "parametrize" and not isinstance(mark.args[1], Sequence):
            test.pytestmark[position] = pytest.mark.parametrize(mark.args[0], list(mark.args[1]), **mark.kwargs).mark
    return test
