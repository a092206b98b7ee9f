import math

import pytest

from multisearch._records import Candidate
from multisearch.planning import Costs

RIDGE, OTHER_RIDGE = Candidate(0, "ridge", {}), Candidate(1, "ridge", {})
LASSO = Candidate(2, "lasso", {})
KERAS = Candidate(3, "keras", {})


@pytest.fixture
def costs():
    return Costs(target_seconds=2.0)


def test_what_was_never_measured_may_take_for_ever(costs):
    assert costs.of(OTHER_RIDGE) == math.inf
    costs.measured(LASSO, 1.0)
    assert costs.of(OTHER_RIDGE) == math.inf


def test_the_first_measurement_is_believed(costs):
    costs.measured(RIDGE, 0.5)

    assert costs.of(OTHER_RIDGE) == 0.5


def test_later_measurements_move_the_mean_towards_them(costs):
    costs.measured(RIDGE, 1.0)
    costs.measured(RIDGE, 2.0)
    assert costs.of(OTHER_RIDGE) == pytest.approx(1.2)
    for _ in range(50):
        costs.measured(RIDGE, 2.0)
    assert costs.of(OTHER_RIDGE) == pytest.approx(2.0, abs=1e-3)


def test_estimators_are_measured_apart(costs):
    costs.measured(RIDGE, 1.0)
    costs.measured(KERAS, 100.0)

    assert costs.of(OTHER_RIDGE) == 1.0


def test_what_the_same_candidate_took_on_another_fold_is_believed_first(costs):
    costs.measured(RIDGE, 1.0)
    costs.measured(OTHER_RIDGE, 6.0)

    assert costs.of(RIDGE) == 1.0
    assert costs.of(OTHER_RIDGE) == 6.0


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
    costs.measured(RIDGE, 0.5)

    assert costs.seconds_per_batch(left, capacity) == seconds
