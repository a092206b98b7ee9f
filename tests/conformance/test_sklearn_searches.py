"""scikit-learn's own tests for its searches, run on MultiModelSearchCV in this process."""

import pytest
from adapters import GridSearchAdapter, RandomizedSearchAdapter
from sklearn_tests import DIFFERS_EVERYWHERE, searches_tested_with

globals().update(searches_tested_with(GridSearchAdapter, RandomizedSearchAdapter, DIFFERS_EVERYWHERE))

pytestmark = [pytest.mark.filterwarnings("default")]
