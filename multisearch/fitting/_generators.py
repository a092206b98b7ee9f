"""The process's random generators: Python's, and the one that scikit-learn draws from by default."""

from __future__ import annotations

import pickle
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np


@dataclass(slots=True)
class Draws:
    """Whether anybody has drawn from a generator; known when the watch has ended."""

    has_drawn: bool = False


@contextmanager
def watched_generators(*, put_back: bool) -> Iterator[Draws]:
    """Notice whether anybody draws, and then put the generators back to where they were."""
    draws = Draws()
    of_python, of_numpy = random.getstate(), np.random.get_state()  # noqa: NPY002 - scikit-learn's default generator
    before = _content()
    try:
        yield draws
    finally:
        draws.has_drawn = _content() != before
        if draws.has_drawn and put_back:
            random.setstate(of_python)
            np.random.set_state(of_numpy)  # noqa: NPY002


def _content() -> bytes:
    return pickle.dumps((random.getstate(), np.random.get_state(legacy=False)))  # noqa: NPY002
