import numpy as np
import pytest
from scipy.stats import loguniform

from multisearch.samplers import make_samplers
from multisearch.samplers._grid import GridSampler
from multisearch.samplers._random import RandomSampler

GRID = {"alpha": [1, 2, 3], "fit_intercept": [True, False]}
DRAWN = {"alpha": loguniform(1e-3, 1)}


def settings_by_name(samplers):
    return {name: sampler.ask() for name, sampler in samplers.items()}


def test_none_takes_every_full_grid(competitor):
    samplers = make_samplers([competitor(GRID, "one"), competitor({}, "two")], None, 0)

    assert {name: type(sampler) for name, sampler in samplers.items()} == {"one": GridSampler, "two": GridSampler}
    assert {name: len(settings) for name, settings in settings_by_name(samplers).items()} == {"one": 6, "two": 1}


@pytest.mark.parametrize("n_iter", [4, np.int64(4)])
def test_a_number_is_drawn_for_every_estimator(competitor, n_iter):
    samplers = make_samplers([competitor(GRID, "one"), competitor(DRAWN, "two")], n_iter, 0)

    assert {type(sampler) for sampler in samplers.values()} == {RandomSampler}
    assert {name: len(settings) for name, settings in settings_by_name(samplers).items()} == {"one": 4, "two": 4}


def test_a_name_that_is_missing_takes_the_full_grid(competitor):
    samplers = make_samplers([competitor(GRID, "one"), competitor(DRAWN, "two")], {"two": 3}, 0)

    assert {name: len(settings) for name, settings in settings_by_name(samplers).items()} == {"one": 6, "two": 3}


def test_another_estimator_changes_nobodys_settings(competitor):
    alone = make_samplers([competitor(DRAWN, "one")], 3, 7)
    beside = make_samplers([competitor(GRID, "other"), competitor(DRAWN, "one")], 3, 7)

    assert settings_by_name(beside)["one"] == settings_by_name(alone)["one"]


@pytest.mark.parametrize("n_iter", [None, {"two": None}, {}])
def test_a_distribution_without_a_number_is_an_error_that_says_what_to_do(competitor, n_iter):
    with pytest.raises(ValueError, match=r"estimator 'two' draws 'alpha' from a distribution.* set n_iter"):
        make_samplers([competitor(GRID, "one"), competitor(DRAWN, "two")], n_iter, 0)


def test_an_unknown_name_is_an_error_that_lists_the_names(competitor):
    with pytest.raises(ValueError, match="n_iter names 'tow', which is no estimator; there are 'one', 'two'"):
        make_samplers([competitor(GRID, "one"), competitor(GRID, "two")], {"tow": 3}, 0)


@pytest.mark.parametrize(
    ("n_iter", "error", "message"),
    [
        (0, ValueError, "n_iter must be at least 1, got 0"),
        (-1, ValueError, "n_iter must be at least 1, got -1"),
        (2.0, TypeError, "n_iter must be a whole number or None, got 2.0"),
        (True, TypeError, "n_iter must be a whole number or None, got True"),
        ("all", TypeError, "n_iter must be a whole number or None, got 'all'"),
        ({"ridge": 0}, ValueError, r"n_iter\['ridge'\] must be at least 1, got 0"),
    ],
)
def test_what_is_no_positive_whole_number_is_an_error(competitor, n_iter, error, message):
    with pytest.raises(error, match=message):
        make_samplers([competitor(GRID)], n_iter, 0)
