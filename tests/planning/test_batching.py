import math

import pytest

from multisearch.planning import Costs


@pytest.fixture
def costs():
    return Costs(target_seconds=2.0)


def test_what_was_never_measured_may_take_for_ever(costs):
    assert costs.of("ridge") == math.inf
    costs.measured("lasso", 1.0)
    assert costs.of("ridge") == math.inf


def test_the_first_measurement_is_believed(costs):
    costs.measured("ridge", 0.5)

    assert costs.of("ridge") == 0.5


def test_later_measurements_move_the_mean_towards_them(costs):
    costs.measured("ridge", 1.0)
    costs.measured("ridge", 2.0)
    assert costs.of("ridge") == pytest.approx(1.2)
    for _ in range(50):
        costs.measured("ridge", 2.0)
    assert costs.of("ridge") == pytest.approx(2.0, abs=1e-3)


def test_estimators_are_measured_apart(costs):
    costs.measured("ridge", 1.0)
    costs.measured("keras", 100.0)

    assert costs.of("ridge") == 1.0


@pytest.mark.parametrize(
    ("left", "capacity", "seconds"),
    [
        ({"ridge": 1000}, 2, 2.0),
        ({"ridge": 4}, 2, 0.5),
        ({"ridge": 4}, 1, 1.0),
        ({"ridge": 4, "keras": 0}, 1, 1.0),
        ({"ridge": 1, "keras": 1}, 1, 2.0),
        ({}, 1, 0.0),
    ],
)
def test_a_batch_lasts_its_target_or_less_when_little_is_left(costs, left, capacity, seconds):
    costs.measured("ridge", 0.5)

    assert costs.seconds_per_batch(left, capacity) == seconds
