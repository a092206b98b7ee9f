import random
import sys

import distributed
import pytest
from dask.sizeof import sizeof
from sklearn.linear_model import Ridge

from multisearch import MultiModelSearchCV
from multisearch.engines._draws import let_dask_draw_elsewhere

MANY = {str(number): number for number in range(1000)}
MODULES = ["dask.sizeof", "distributed.utils_comm", "distributed.comm.core", "tornado.ioloop"]


def test_dask_measures_without_a_draw_from_pythons_generator():
    let_dask_draw_elsewhere()
    before = random.getstate()
    sizeof(MANY)

    assert random.getstate() == before
    assert distributed.__name__ in sys.modules
    assert not [name for name in MODULES if getattr(sys.modules[name], "random", None) is random]


def test_dask_finds_all_that_the_module_has():
    let_dask_draw_elsewhere()
    found = sys.modules["dask.sizeof"].random

    assert not [name for name in vars(random) if not hasattr(found, name)]
    assert found.Random is random.Random


def test_everybody_else_keeps_it():
    let_dask_draw_elsewhere()

    assert sys.modules[__name__].random is random


def draws_of_dask(estimator, X, y):
    """Score by whether measuring draws from the generator that fits have seeded."""
    random.seed(0)
    before = random.getstate()
    sizeof(MANY)
    return float(random.getstate() != before)


@pytest.mark.parametrize("arguments", [{"scheduler": "inline"}, {"scheduler": "local", "n_jobs": 2}])
def test_so_it_is_wherever_fits_are_done(arguments, regression):
    search = MultiModelSearchCV([("ridge", Ridge(), {})], cv=2, scoring=draws_of_dask, refit=False, **arguments)
    assert list(search.fit(*regression).cv_results_["mean_test_score"]) == [0.0]
