import numpy as np
import pytest
from scipy.stats import loguniform
from sklearn.datasets import make_regression
from sklearn.linear_model import Ridge
from sklearn.model_selection import ParameterGrid, RandomizedSearchCV

from multisearch.samplers._random import RandomSampler

SPACE = {"alpha": loguniform(1e-3, 1), "fit_intercept": [True, False]}
GRID = {"alpha": [1, 2, 3], "fit_intercept": [True, False]}


@pytest.mark.parametrize("space", [SPACE, GRID, [SPACE, {"solver": ["svd", "lsqr"]}]])
def test_settings_are_those_of_a_randomized_search_for_the_estimator_alone(competitor, space):
    X, y = make_regression(n_samples=10, n_features=2, random_state=0)
    alone = RandomizedSearchCV(Ridge(), space, n_iter=4, random_state=3, cv=2).fit(X, y)

    assert RandomSampler(competitor(space), 4, 3).ask() == alone.cv_results_["params"]


def test_a_smaller_grid_is_taken_whole_in_any_order(competitor):
    settings = RandomSampler(competitor(GRID), 50, 0).ask()

    assert len(settings) == 6
    assert all(setting in settings for setting in ParameterGrid(GRID))


def test_no_parameters_are_one_candidate(competitor):
    assert RandomSampler(competitor({}), 5, 0).ask() == [{}]


def test_nothing_is_drawn_twice(competitor):
    sampler = RandomSampler(competitor(SPACE), 3, 0)
    assert len(sampler.ask()) == 3
    sampler.tell(None, [])

    assert sampler.ask() == []


def test_a_random_state_object_goes_on_from_one_estimator_to_the_next(competitor):
    state = np.random.RandomState(0)
    first, second = (RandomSampler(competitor(SPACE), 3, state).ask() for _ in range(2))

    assert first != second
    assert first == RandomSampler(competitor(SPACE), 3, np.random.RandomState(0)).ask()
