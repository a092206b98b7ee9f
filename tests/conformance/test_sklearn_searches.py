"""scikit-learn's own tests for its searches, run on MultiModelSearchCV in their place."""

import importlib
import sys
from collections.abc import Sequence

import pytest
import sklearn.model_selection
from adapters import GridSearchAdapter, RandomizedSearchAdapter

MODULE = "sklearn.model_selection.tests.test_search"


def with_adapters():
    """Import scikit-learn's test module afresh, with the adapters in place of its searches."""
    own = sklearn.model_selection.GridSearchCV, sklearn.model_selection.RandomizedSearchCV
    sys.modules.pop(MODULE, None)
    sklearn.model_selection.GridSearchCV = GridSearchAdapter
    sklearn.model_selection.RandomizedSearchCV = RandomizedSearchAdapter
    try:
        return importlib.import_module(MODULE)
    finally:
        sklearn.model_selection.GridSearchCV, sklearn.model_selection.RandomizedSearchCV = own


def with_values_listed(test):
    """Make lists of parametrised values that scikit-learn generates: pytest 9.1 warns of generators."""
    for position, mark in enumerate(getattr(test, "pytestmark", [])):
        if mark.name == "parametrize" and not isinstance(mark.args[1], Sequence):
            test.pytestmark[position] = pytest.mark.parametrize(mark.args[0], list(mark.args[1]), **mark.kwargs).mark
    return test


TESTS = {name: with_values_listed(test) for name, test in vars(with_adapters()).items() if name.startswith("test_")}
globals().update(TESTS)

pytestmark = [pytest.mark.filterwarnings("default")]


@pytest.fixture
def global_random_seed():
    return 42
