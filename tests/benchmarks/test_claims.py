import dataclasses

import pytest

from benchmarks._base import EVERY_SIZE, FULL_SIZE, LeftOutError, Spread, Taken
from benchmarks._claims import Bound, Ideal, Race, fits_bound, spread_of
from benchmarks._measurement import STEPS_FITTED, Scores


def test_a_spread_is_of_median_lowest_and_highest():
    assert spread_of([3.0, 1.0, 2.0, 10.0]) == Spread(2.5, 1.0, 10.0)


def test_a_race_compares_medians(race_of_three):
    line = Race("cold", "peer", reach=2.5).line(race_of_three)
    assert (line.ours, line.theirs) == (Spread(2.0, 1.0, 4.0), Spread(6.0, 5.0, 9.0))
    assert line.ratio == 3.0
    assert not line.is_missed
    assert line.disagreement == ""
    assert line.runs == 3


def test_a_race_can_be_missed(race_of_three):
    assert Race("cold", "peer", reach=3.01).line(race_of_three).is_missed


def test_the_limit_is_the_work_of_the_peer_over_the_work_that_is_needed(race_of_three):
    line = Race("cold", "peer", reach=1.0, work="parts").line(race_of_three)
    assert line.limit == 4.0
    assert line.machine == 2.0  # 4 s on 2 cores


def test_a_part_of_the_limit_can_be_the_reach(race_of_three):
    line = Race("cold", "peer", work="parts", reach_of_limit=0.8).line(race_of_three)
    assert line.reach == pytest.approx(3.2)
    assert line.is_missed


def test_where_there_is_no_bound_none_is_missed(race_of_three):
    line = Race("cold", "peer", reach=3.01).line(race_of_three)
    assert not dataclasses.replace(line, reach=None).is_missed


def test_times_have_bounds_at_full_size_only():
    assert Race("cold", "peer", reach=1.0).bounds_at == Ideal("", "ideal", 0.9, "cold").bounds_at == FULL_SIZE
    assert Bound("", "", lambda taken: [1.0], 1.0).bounds_at == EVERY_SIZE


def test_a_step_fitted_once_too_often_is_a_missed_bound(measured):
    taken = Taken("shared", [measured("multisearch", 1.0, **{STEPS_FITTED: 20.0})])
    assert not fits_bound(20).line(taken).is_missed
    assert fits_bound(19).line(taken).is_missed


def test_a_race_without_a_reach_is_an_error(race_of_three):
    with pytest.raises(ValueError, match="needs a reach"):
        Race("cold", "peer").line(race_of_three)


def test_a_race_shows_scores_that_differ(race_of_three, measured):
    other = Scores("ridge {'alpha': 1}", (("ridge {'alpha': 1}", (0.5, 0.7)), ("ridge {'alpha': 2}", (0.4, 0.61))))
    taken = Taken("example", [*race_of_three.measurements, measured("peer", 6.0, run=3, scores=other)])
    assert "alpha': 2" in Race("cold", "peer", reach=1.0).line(taken).disagreement


def test_who_failed_cannot_race(race_of_three):
    with pytest.raises(LookupError, match="example: nothing was measured of somebody"):
        Race("cold", "somebody", reach=1.0).line(race_of_three)


def test_who_was_left_out_is_told_from_who_failed(race_of_three):
    taken = Taken("example", race_of_three.measurements, left_out={"somebody"})
    with pytest.raises(LeftOutError):
        Race("cold", "somebody", reach=1.0).line(taken)


def test_the_ideal_is_reached_in_part(measured):
    taken = Taken("slots", [measured("multisearch", 8.0, ideal=6.0)])
    claim = Ideal("64 slots", "ideal", reach=0.9, phase="cold")
    line = claim.line(taken)
    assert (line.ratio, line.machine, line.is_missed) == (0.75, 6.0, True)
    assert not dataclasses.replace(claim, reach=0.75).line(taken).is_missed


def test_a_bound_is_not_to_be_exceeded(measured):
    taken = Taken("memory", [measured("multisearch", 1.0, size=size) for size in (1.0, 3.0, 2.0)])

    def sizes(taken):
        return [one.figures["size"] for one in taken.measurements]

    line = Bound("peak", "x", sizes, 2.0).line(taken)
    assert (line.ours, line.ratio, line.is_missed, line.runs) == (Spread(2.0, 1.0, 3.0), None, False, 3)
    assert Bound("peak", "x", sizes, lambda taken: 1.9).line(taken).is_missed
