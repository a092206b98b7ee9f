import math

import numpy as np

from benchmarks._agreement import disagreement
from benchmarks._measurement import Scores

FIRST = Scores("a", (("a", (0.5, 0.7)), ("b", (0.4, math.nan))))


def test_equal_scores_agree():
    assert disagreement([FIRST, FIRST, Scores("a", (("a", (0.5, 0.7)), ("b", (0.4, math.nan))))]) == ""


def test_the_last_bit_counts():
    other = Scores("a", (("a", (0.5, float(np.nextafter(0.7, 1.0)))), ("b", (0.4, math.nan))))
    assert disagreement([FIRST, other]) == "the scores of a differ: [0.5, 0.7] and [0.5, 0.7000000000000001]"


def test_the_best_counts():
    assert disagreement([FIRST, Scores("b", FIRST.by_candidate)]) == "the best differs: a and b"


def test_other_candidates_do_not_agree():
    other = Scores("a", (("a", (0.5, 0.7)), ("c", (0.4, math.nan))))
    assert disagreement([FIRST, other]) == "the candidates differ: 2 and 2, for example b"


def test_a_candidate_less_does_not_agree():
    assert disagreement([FIRST, Scores("a", FIRST.by_candidate[:1])]) == "the candidates differ: 2 and 1, for example b"


def test_a_candidate_twice_does_not_agree():
    twice = Scores("a", (FIRST.by_candidate[0], *FIRST.by_candidate))
    assert disagreement([FIRST, twice]) == "the candidates differ: 2 and 3, some of them twice"


def test_a_fold_less_does_not_agree():
    assert "differ" in disagreement([FIRST, Scores("a", (("a", (0.5,)), ("b", (0.4, math.nan))))])
