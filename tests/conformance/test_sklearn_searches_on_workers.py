"""scikit-learn's own tests for its searches, run on MultiModelSearchCV with worker processes."""

import pytest
from adapters import GridSearchAdapter, RandomizedSearchAdapter
from sklearn_tests import DIFFERS_EVERYWHERE, Differs, least_cases, n_cases, searches_tested_with

DIFFERS_ON_WORKERS = {
    "test_multi_metric_search_forwards_metadata": Differs(
        "scorers note what they are given in this process, not on workers", AssertionError
    ),
    "test_search_callbacks_receive_search_instance": Differs(
        "callbacks on workers are given a copy of the search", AssertionError, since="1.9"
    ),
    "test_search_callbacks_with_partial_fit_failures": Differs(
        "its callback sends a class that is defined inside a function through multiprocessing, which cannot pickle it",
        pytest.fail.Exception,  # all fits fail, where it expects a warning about some
        since="1.9",
    ),
}
"""Tests that look at the state of one process, with what they look at."""


class GridSearchOnWorkers(GridSearchAdapter):
    scheduler = "local"


class RandomizedSearchOnWorkers(RandomizedSearchAdapter):
    scheduler = "local"


FOUND = searches_tested_with(GridSearchOnWorkers, RandomizedSearchOnWorkers, DIFFERS_EVERYWHERE | DIFFERS_ON_WORKERS)
globals().update(FOUND)

pytestmark = [pytest.mark.filterwarnings("default"), pytest.mark.slow]


def test_no_fewer_cases_are_found_than_scikit_learn_has():
    assert n_cases(FOUND.values()) >= least_cases()
