import math

import pytest

from multisearch._records import (
    DIFFERS,
    EQUAL,
    KERAS_EPOCHS,
    NOT_REPRODUCIBLE,
    NOT_SEEDED,
    OTHER_HARDWARE,
    Failure,
    Outcome,
)
from multisearch.planning import Evidence, are_equal, verdict_of

FAILURE = Failure("ValueError: no", "")


def outcome(test=0.5, train=None, **more):
    times = {"fit_time": 1.0, "score_time": 0.0, "seconds": 1.0}
    return Outcome(0, 0, **times, test_scores=test, train_scores=train, **more)


def verdict(first, *plain, **more):
    return verdict_of(Evidence(first, plain, **more))


EQUAL_PAIRS = {
    "numbers": (outcome(0.5), outcome(0.5)),
    "not a number": (outcome(math.nan), outcome(math.nan)),
    "several metrics": (outcome({"a": 1.0, "b": math.nan}), outcome({"b": math.nan, "a": 1.0})),
    "failures": (outcome(None, failure=FAILURE), outcome(None, failure=Failure("KeyError: other", ""))),
    "one without training scores": (outcome(0.5, 0.25), outcome(0.5)),
    "other histories": (outcome(history=b"one"), outcome(history=b"other")),
    "other times": (outcome(), Outcome(0, 0, 9.0, 9.0, 9.0, test_scores=0.5)),
}
UNEQUAL_PAIRS = {
    "the last bit": (outcome(0.5), outcome(math.nextafter(0.5, 1))),
    "a number and none": (outcome(0.5), outcome(math.nan)),
    "one metric of several": (outcome({"a": 1.0, "b": 2.0}), outcome({"a": 1.0, "b": 3.0})),
    "other metrics": (outcome({"a": 1.0}), outcome({"b": 1.0})),
    "training scores": (outcome(0.5, 0.25), outcome(0.5, 0.75)),
    "iterations": (outcome(n_iterations=3), outcome(n_iterations=4)),
    "a failure": (outcome(0.5), outcome(None, failure=FAILURE)),
}


@pytest.mark.parametrize("pair", EQUAL_PAIRS.values(), ids=EQUAL_PAIRS.keys())
def test_these_are_equal(pair):
    assert are_equal(*pair)
    assert are_equal(*reversed(pair))


@pytest.mark.parametrize("pair", UNEQUAL_PAIRS.values(), ids=UNEQUAL_PAIRS.keys())
def test_these_are_not_equal(pair):
    assert not are_equal(*pair)
    assert not are_equal(*reversed(pair))


def test_one_plain_fit_that_is_equal_is_enough():
    assert verdict(outcome(), outcome()) == EQUAL
    assert verdict(outcome(), outcome(), has_drawn=True) == EQUAL


def test_a_short_cut_is_at_fault_where_plain_fits_agree_with_each_other():
    assert verdict(outcome(0.5), outcome(0.7)) is None
    assert verdict(outcome(0.5), outcome(0.7), outcome(0.7)) == DIFFERS
    failed = outcome(None, failure=FAILURE)
    assert verdict(failed, outcome(0.7), outcome(0.7)) == DIFFERS
    assert verdict(outcome(0.7), failed, failed) == DIFFERS


def test_a_model_that_never_gives_the_same_proves_nothing():
    assert verdict(outcome(0.5), outcome(0.7), outcome(0.6)) == NOT_REPRODUCIBLE
    assert verdict(outcome(0.5), outcome(0.7), outcome(0.5)) == NOT_REPRODUCIBLE


def test_a_model_that_draws_from_a_global_generator_is_not_seeded():
    assert verdict(outcome(0.5), outcome(0.7), has_drawn=True) == NOT_SEEDED
    assert verdict(outcome(0.5), outcome(0.7), outcome(0.7), has_drawn=True) == NOT_SEEDED


def test_rounding_has_to_be_confirmed_more_often():
    first, other = outcome(0.5), outcome(math.nextafter(0.5, 1))
    assert [verdict(first, *[other] * times) for times in (1, 2, 5, 6)] == [None, None, None, DIFFERS]
    assert verdict(first, other, other, first) == NOT_REPRODUCIBLE


def test_other_hardware_proves_nothing():
    here, there = outcome(0.5, hardware="a", threads=1), outcome(0.7, hardware="b", threads=1)
    assert verdict(here, there, there) == OTHER_HARDWARE
    assert verdict(here, outcome(0.5, hardware="a", threads=2)) == OTHER_HARDWARE


def test_rounding_proves_nothing_where_shared_steps_may_come_from_other_hardware():
    first, other = outcome(0.5), outcome(math.nextafter(0.5, 1))
    assert verdict(first, *[other] * 6, n_machines=2) == OTHER_HARDWARE
    assert verdict(outcome(0.5), *[outcome(0.7)] * 2, n_machines=2) == DIFFERS


def test_rounding_in_keras_proves_nothing():
    taken = frozenset((KERAS_EPOCHS,))
    assert verdict(outcome(0.5, short_cuts=taken), *[outcome(0.5000001)] * 6) == NOT_REPRODUCIBLE
    assert verdict(outcome(0.5, short_cuts=taken), *[outcome(0.501)] * 2) == DIFFERS
