import math

import pytest

from multisearch._records import (
    EQUAL_SETTINGS,
    JOURNAL,
    KERAS_EPOCHS,
    KILLED,
    PATHS,
    SHARED_STEPS,
    TRANSFORMED_ROWS,
    Candidate,
    Failure,
    Outcome,
)
from multisearch.planning import Checks, Slots

IDLE = Slots(1, 0.0, is_idle=True)


def noted(checks, index, *short_cuts, cost=1.0, estimator="ridge", failure=None):
    candidate = Candidate(index, estimator, {})
    checks.note(candidate, Outcome(index, 0, cost, 0.0, cost, short_cuts=frozenset(short_cuts), failure=failure))


def all_of(checks, busy=1e6, slots=IDLE):
    """Return the candidates that are checked, each with the short cuts that it is checked for."""
    found = []
    while (one := checks.next(busy, slots)) is not None:
        found.append((one.candidate.index, set(one.short_cuts)))
    return found


def test_nothing_is_checked_that_took_no_short_cut():
    checks = Checks()
    noted(checks, 0)
    assert all_of(checks) == []
    assert checks.left_out() == []


def test_the_cheapest_that_has_profited_is_checked_once():
    checks = Checks()
    for index, cost in enumerate([3.0, 1.0, 2.0]):
        noted(checks, index, PATHS, cost=cost)
    assert all_of(checks) == [(1, {PATHS})]
    noted(checks, 3, PATHS, cost=0.1)
    assert all_of(checks) == []


def test_each_estimator_and_each_short_cut_has_a_check():
    checks = Checks()
    noted(checks, 0, PATHS)
    noted(checks, 1, SHARED_STEPS)
    noted(checks, 2, PATHS, estimator="forest")
    assert sorted(index for index, _ in all_of(checks)) == [0, 1, 2]


def test_one_evaluation_serves_for_several_short_cuts():
    checks = Checks()
    noted(checks, 0, TRANSFORMED_ROWS, cost=1.0)
    noted(checks, 1, TRANSFORMED_ROWS, SHARED_STEPS, cost=1.5)
    assert all_of(checks) == [(1, {TRANSFORMED_ROWS, SHARED_STEPS})]


def test_what_is_left_of_several_short_cuts_is_checked_too():
    checks = Checks()
    noted(checks, 0, TRANSFORMED_ROWS, SHARED_STEPS, cost=1.0)
    noted(checks, 1, TRANSFORMED_ROWS, SHARED_STEPS, EQUAL_SETTINGS, cost=9.0)
    assert all_of(checks) == [(0, {TRANSFORMED_ROWS, SHARED_STEPS}), (1, {EQUAL_SETTINGS})]


def test_a_score_says_more_than_a_failure():
    checks = Checks()
    noted(checks, 0, PATHS, cost=0.1, failure=Failure("ValueError: no", ""))
    noted(checks, 1, PATHS, cost=5.0)
    noted(checks, 2, PATHS, cost=0.2, failure=Failure("ValueError: no", ""))
    assert all_of(checks) == [(1, {PATHS})]


def test_what_may_end_otherwise_the_next_time_is_not_checked():
    checks = Checks()
    noted(checks, 0, PATHS, failure=Failure("the process died", "", kind=KILLED))
    assert all_of(checks) == []


def test_all_checks_together_stay_below_their_share():
    checks = Checks(share=0.03)
    for index in range(5):
        noted(checks, index, PATHS, cost=1.0, estimator=f"number {index}")
    assert len(all_of(checks, busy=99.0)) == 2
    assert len(checks.left_out()) == 3
    assert len(all_of(checks, busy=101.0)) == 1


def test_a_check_counts_with_what_it_really_took():
    checks = Checks(share=0.03)
    noted(checks, 0, PATHS, cost=1.0)
    noted(checks, 1, PATHS, cost=1.0, estimator="forest")
    first = checks.next(70.0, IDLE)
    checks.ended(first, 1.5)
    assert checks.next(70.0, IDLE) is None
    checks.ended(first, 0.2)
    assert checks.next(70.0, IDLE) is not None


def test_no_check_makes_the_search_much_longer():
    checks = Checks(share=0.03)
    noted(checks, 0, PATHS, cost=1.0)
    assert checks.next(100.0, Slots(4, 0.0, is_idle=True)) is None
    assert checks.next(140.0, Slots(4, 0.0, is_idle=True)) is not None


def test_a_dear_one_is_begun_while_there_is_enough_else_to_do():
    checks = Checks(share=0.03)
    noted(checks, 0, PATHS, cost=1.0)
    assert checks.next(20.0, Slots(4, 5.0, is_idle=False)) is None  # it is more than its share
    assert checks.next(40.0, Slots(4, 1.5, is_idle=False)) is None  # it might be the last to end
    assert checks.next(40.0, Slots(4, 5.0, is_idle=False)) is not None


def test_a_cheap_one_waits_until_a_slot_is_idle():
    checks = Checks(share=0.03)
    noted(checks, 0, PATHS, cost=1.0)
    assert checks.next(40.0, Slots(4, 1000.0, is_idle=False)) is None
    assert checks.next(40.0, Slots(4, 1000.0, is_idle=True)) is not None


def test_work_of_unknown_length_is_no_reason_to_hurry():
    checks = Checks()
    noted(checks, 0, PATHS)
    assert checks.next(1e6, Slots(4, math.inf, is_idle=False)) is None


def test_keras_is_dearer_without_its_short_cut():
    checks = Checks(share=0.03)
    noted(checks, 0, KERAS_EPOCHS, cost=1.0)
    assert all_of(checks, busy=600.0) == []
    (left_out,) = checks.left_out()
    assert left_out.seconds == 20.0
    assert all_of(checks, busy=700.0) == [(0, {KERAS_EPOCHS})]


def test_a_check_that_comes_near_the_time_limit_is_left_out():
    checks = Checks(limit=10.0)
    noted(checks, 0, PATHS, cost=6.0)
    assert all_of(checks) == []
    assert [one.candidate.index for one in checks.left_out()] == [0]


def test_of_what_is_too_dear_the_cheapest_is_named_for_each_short_cut():
    checks = Checks()
    noted(checks, 0, PATHS, TRANSFORMED_ROWS, cost=2.0)
    noted(checks, 1, TRANSFORMED_ROWS, cost=1.0)
    left_out = {short_cut: one.candidate.index for one in checks.left_out() for short_cut in one.short_cuts}
    assert left_out == {PATHS: 0, TRANSFORMED_ROWS: 1}


def test_of_a_distrusted_estimator_nothing_is_checked_any_more():
    checks = Checks()
    noted(checks, 0, PATHS)
    noted(checks, 1, PATHS, estimator="forest")
    checks.drop("ridge")
    noted(checks, 2, SHARED_STEPS)
    assert all_of(checks) == [(1, {PATHS})]


@pytest.fixture
def everything():
    return Checks(share=None)


def test_without_a_share_everything_is_checked(everything):
    for index in range(4):
        noted(everything, index, PATHS, SHARED_STEPS, cost=10.0)
    noted(everything, 4)
    assert all_of(everything, busy=0.0) == [(index, {PATHS, SHARED_STEPS}) for index in range(4)]
    assert everything.left_out() == []


def test_the_journal_is_checked_only_where_everything_is(everything):
    known = Outcome(0, 0, 1.0, 0.0, 1.0, hardware="a chip", threads=1)
    for checks, expected in [(everything, [(0, {JOURNAL})]), (Checks(), [])]:
        checks.note_known(Candidate(0, "ridge", {}), known)
        assert all_of(checks) == expected


def test_an_evaluation_of_the_journal_that_does_not_say_where_it_ran_is_not_checked(everything):
    everything.note_known(Candidate(0, "ridge", {}), Outcome(0, 0, 1.0, 0.0, 1.0))
    assert all_of(everything) == []


def test_the_journal_is_checked_for_a_distrusted_estimator_too(everything):
    everything.note_known(Candidate(0, "ridge", {}), Outcome(0, 0, 1.0, 0.0, 1.0, hardware="a chip", threads=1))
    noted(everything, 1, PATHS)
    everything.drop("ridge")
    assert all_of(everything) == [(0, {JOURNAL})]
