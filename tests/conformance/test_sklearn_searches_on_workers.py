"""scikit-learn's own tests for its searches, run on MultiModelSearchCV with worker processes."""

import pytest
from adapters import GridSearchAdapter, RandomizedSearchAdapter
from sklearn_tests import DIFFERS_EVERYWHERE, searches_tested_with

DIFFERS_ON_WORKERS = {
    "test_multi_metric_search_forwards_metadata": "scorers note what they are given in this process, not on workers",
    "test_search_callbacks_receive_search_instance": "callbacks on workers are given a copy of the search",
    "test_search_callbacks_with_partial_fit_failures": "its callback sends a class that is defined inside a function "
    "through multiprocessing, which cannot pickle it",
}
"""Tests that look at the state of one process, with what they look at."""


class GridSearchOnWorkers(GridSearchAdapter):
    scheduler = "local"


class RandomizedSearchOnWorkers(RandomizedSearchAdapter):
    scheduler = "local"


globals().update(
    searches_tested_with(GridSearchOnWorkers, RandomizedSearchOnWorkers, DIFFERS_EVERYWHERE | DIFFERS_ON_WORKERS)
)

pytestmark = [pytest.mark.filterwarnings("default"), pytest.mark.slow]
