import random

import numpy as np
import pytest

from multisearch.fitting._generators import watched_generators


def states():
    return random.getstate(), repr(np.random.get_state())  # noqa: NPY002 - the one that scikit-learn draws from


DRAWS = {"Python's": random.random, "numpy's": np.random.rand, "numpy's, of a normal": np.random.randn}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS.keys())
def test_a_draw_is_noticed_and_undone(draw):
    before = states()
    with watched_generators(put_back=True) as draws:
        draw()
    assert draws.has_drawn
    assert states() == before


def test_a_draw_can_be_left_alone():
    before = states()
    with watched_generators(put_back=False) as draws:
        np.random.rand()  # noqa: NPY002
    assert draws.has_drawn
    assert states() != before


def test_generators_of_ones_own_are_nobodys_business():
    with watched_generators(put_back=True) as draws:
        np.random.default_rng().random()
        np.random.RandomState(0).rand()
    assert not draws.has_drawn


def test_generators_are_put_back_after_an_error_too():
    def draw_and_fail():
        with watched_generators(put_back=True):
            random.random()
            raise KeyError

    before = states()
    with pytest.raises(KeyError):
        draw_and_fail()
    assert states() == before
