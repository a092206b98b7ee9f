"""scikit-learn's own tests for its searches, run on MultiModelSearchCV in this process."""

import pytest
from adapters import GridSearchAdapter, RandomizedSearchAdapter
from sklearn_tests import DIFFERS_EVERYWHERE, searches_tested_with


class GridSearchInline(GridSearchAdapter):
    scheduler = "inline"


class RandomizedSearchInline(RandomizedSearchAdapter):
    scheduler = "inline"


globals().update(
    searches_tested_with(GridSearchInline, RandomizedSearchInline, DIFFERS_EVERYWHERE, name="sklearn_searches_inline")
)

pytestmark = [pytest.mark.filterwarnings("default")]
