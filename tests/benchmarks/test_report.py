import dataclasses
import json

import pytest

from benchmarks._base import Line, Spread
from benchmarks._report import COLUMNS, Report, cells, disagreements, markdown, number, read_json, write_json

RACE = Line("tiny", "cold", "peer", "s", Spread(2.0, 1.0, 4.0), Spread(6.0, 6.0, 6.0), 3.0, 2.5, 4.0, 1.5, "")
BOUND = Line("memory", "peak", "", "x X", Spread(1.25, 1.25, 1.25), None, None, 1.2)


@pytest.fixture
def report(machine, measured):
    measurements = {"tiny": (measured("multisearch", 2.0, figure=7.0),)}
    return Report("2026-01-01 10:00", "2026-01-01 11:00", "full", machine, (RACE, BOUND), measurements)


def test_a_race_in_words():
    expected = ["tiny", "cold", "2.00 s (1.00..4.00)", "peer", "6.00 s", "3.00x", "2.50x, reached", "4.00x", "1.50 s"]
    assert cells(RACE) == (*expected, "equal")


def test_a_bound_in_words():
    assert cells(BOUND) == ("memory", "peak", "1.25 x X", "", "", "", "at most 1.20 x X, missed", "", "", "")


def test_scores_that_differ_in_words():
    line = dataclasses.replace(RACE, disagreement="the best differs: a and b")
    assert cells(line)[-1] == "differ"
    assert disagreements([RACE, line, BOUND]) == ["tiny, cold: the best differs: a and b"]


@pytest.mark.parametrize(("value", "text"), [(0.1234, "0.12"), (9.876, "9.88"), (12.34, "12.3"), (1234.5, "1,234")])
def test_numbers_have_three_digits_that_count(value, text):
    assert number(value) == text


def test_the_page_has_the_machine_and_a_row_per_line(report):
    page = markdown(report)
    assert "2 cores of a processor" in page
    assert "numpy 2.0.0" in page
    rows = [line for line in page.splitlines() if line.startswith("|")]
    assert len(rows) == 2 + len(report.lines)
    assert {row.count("|") for row in rows} == {len(COLUMNS) + 1}


def test_the_page_of_a_quick_run_says_so(report):
    assert "--quick" not in markdown(report)
    assert "--quick" in markdown(dataclasses.replace(report, size="quick"))


def test_a_report_comes_back_from_its_file(report, tmp_path):
    file = tmp_path / "new" / "results.json"
    write_json(report, file)
    assert read_json(file) == dataclasses.replace(report, measurements={})


def test_the_file_has_all_times_and_no_scores(report, tmp_path):
    write_json(report, tmp_path / "results.json")
    raw = json.loads((tmp_path / "results.json").read_text())["measurements"]["tiny"]
    assert [(one["contestant"], one["seconds"], one["figures"]) for one in raw] == [
        ("multisearch", {"cold": 2.0}, {"figure": 7.0})
    ]
    assert "scores" not in raw[0]
