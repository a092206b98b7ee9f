import io

import pytest

from benchmarks import _runner
from benchmarks._base import PARTS, Benchmark
from benchmarks._runner import ContestantError, last_record, measure, perform, take_turns


def nothing(stage):
    pass


BENCHMARK = Benchmark(
    about="",
    full=None,
    quick=None,
    contestants={"a": nothing, "b": nothing},
    claims=(),
    parts=nothing,
    only_full=frozenset({"b"}),
)


def test_contestants_alternate():
    assert list(take_turns(BENCHMARK, "full", 2)) == [(PARTS, 0), ("a", 0), ("b", 0), ("a", 1), ("b", 1)]


def test_quick_runs_leave_some_out():
    assert list(take_turns(BENCHMARK, "quick", 2)) == [(PARTS, 0), ("a", 0), ("a", 1)]


def test_a_contestant_that_fails_stops_nobody_else(monkeypatch, measured):
    def fake(name, contestant, size, run, *, watch_memory):
        if contestant == "a":
            raise ContestantError(f"{contestant} failed")
        return measured(contestant, 1.0, run=run)

    monkeypatch.setattr(_runner, "perform", fake)
    told = []
    measurements = measure("example", BENCHMARK, "full", 1, told.append)
    assert [one.contestant for one in measurements] == [PARTS, "b"]
    assert [type(one).__name__ for one in told] == ["Measurement", "ContestantError", "Measurement"]


def test_what_workers_print_is_no_record():
    output = io.StringIO('{"windows": {}}\nhello\n7\n{"windows": {"cold": [1, 2]}}\n[]\n{"other": 1}\nbye')
    assert last_record(output) == {"windows": {"cold": [1, 2]}}
    assert last_record(io.StringIO("hello\n")) is None


def test_a_process_of_its_own_brings_times_and_scores_back():
    measurement = perform("nothing_to_share", "GridSearchCV", "quick", run=3)
    assert (measurement.contestant, measurement.run) == ("GridSearchCV", 3)
    assert 0 < measurement.seconds("cold") < 120
    assert len(measurement.scores["cold"].by_candidate) == 8
    assert measurement.figures["work needed"] > 0


def test_why_a_process_failed_is_said():
    with pytest.raises(ContestantError, match=r"(?s)tiny_fits: nobody failed.*KeyError"):
        perform("tiny_fits", "nobody", "quick", run=0)
