import pytest

from benchmarks._base import LeftOutError, Taken
from benchmarks._breakdown import Chain, Paths
from benchmarks._measurement import EVALUATIONS, SAVED_BY_PATHS, Scores

CHAIN = Chain("cold", "cold", "peer", [("loop", "peer with a loop"), ("sharing", "multisearch")])


@pytest.fixture
def taken(measured):
    times = {"peer": (30.0, 24.0, 20.0), "peer with a loop": (8.0, 6.0, 8.0), "multisearch": (2.0, 1.0, 4.0)}
    measurements = [measured(name, seconds) for name, several in times.items() for seconds in several]
    return Taken("example", measurements)


def test_each_share_compares_neighbours_by_their_medians(taken):
    shares = CHAIN.shares(taken)
    assert [(share.what, share.slower, share.faster, share.factor) for share in shares[:2]] == [
        ("loop", "peer", "peer with a loop", 3.0),
        ("sharing", "peer with a loop", "multisearch", 4.0),
    ]


def test_shares_multiply_to_the_whole_ratio(taken):
    whole = CHAIN.shares(taken)[-1]
    assert (whole.slower, whole.faster, whole.factor) == ("peer", "multisearch", 12.0)


def test_a_single_difference_is_the_whole(taken):
    assert len(Chain("cold", "cold", "peer", [("everything", "multisearch")]).shares(taken)) == 1


def test_neighbours_have_to_agree(taken, measured):
    other = measured("peer with a loop", 8.0, scores=Scores("other", ()))
    first, second, _ = CHAIN.shares(Taken("example", [*taken.measurements, other]))
    assert first.disagreement.startswith("the candidates differ")
    assert second.disagreement.startswith("the candidates differ")


def test_who_was_left_out_contributes_nothing(taken):
    with pytest.raises(LeftOutError):
        CHAIN.shares(Taken("example", taken.measurements, left_out={"peer"}))


def test_paths_are_counted(measured):
    taken = Taken("example", [measured("multisearch", 1.0, **{EVALUATIONS: 50.0, SAVED_BY_PATHS: 40.0})])
    (share,) = Paths("cold").shares(taken)
    assert (share.what, share.factor) == ("paths: 40 of 50 fits saved, by count", 5.0)
