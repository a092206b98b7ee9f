import pytest

from benchmarks._base import Taken
from benchmarks._machine import Machine
from benchmarks._measurement import Measurement, Scores

SCORES = Scores("ridge {'alpha': 1}", (("ridge {'alpha': 1}", (0.5, 0.7)), ("ridge {'alpha': 2}", (0.4, 0.6))))


@pytest.fixture
def measured():
    """Make the measurement of a contestant that took so long."""

    def make(contestant, seconds, *, run=0, scores=SCORES, **figures):
        return Measurement(contestant, run, {"cold": (100.0, 100.0 + seconds)}, figures, {"cold": scores})

    return make


@pytest.fixture
def race_of_three(measured):
    """Three runs in which ours takes 2 s and the peer 6 s, by the medians."""
    times = {"multisearch": (1.0, 2.0, 4.0), "peer": (6.0, 5.0, 9.0)}
    measurements = [
        measured(contestant, seconds, run=run)
        for contestant, several in times.items()
        for run, seconds in enumerate(several)
    ]
    return Taken("example", [*measurements, measured("parts", 1.0, **{"work of the peer": 16.0, "work needed": 4.0})])


@pytest.fixture
def machine():
    return Machine("a processor", 2, 16.0, "an operating system", "3.11.0", {"numpy": "2.0.0"}, 0.1)
