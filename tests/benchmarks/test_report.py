import dataclasses
import json

import pytest

from benchmarks._base import Line, Share, Spread
from benchmarks._report import (
    COLUMNS,
    SHARE_COLUMNS,
    Report,
    cells,
    failures_of,
    markdown,
    number,
    read_json,
    rows,
    share_cells,
    write_json,
)
from benchmarks._revision import Revision

RACE = Line("tiny", "cold", "peer", "s", Spread(2.0, 1.0, 4.0), Spread(6.0, 6.0, 6.0), 3.0, 2.5, 4.0, 1.5, "", 3)
BOUND = Line("memory", "peak", "", "x X", Spread(1.25, 1.25, 1.25), None, None, 1.2)
SHARE = Share("tiny", "cold", "loop", "peer", "multisearch", 3.0)
REVISION = Revision("0123456789abcdef", is_changed=True)


@pytest.fixture
def report(machine, measured):
    measurements = {"tiny": (measured("multisearch", 2.0, figure=7.0),)}
    return Report(
        "2026-01-01 10:00", "2026-01-01 11:00", "full", machine, REVISION, (RACE, BOUND), (SHARE,), measurements
    )


def test_a_race_in_words():
    expected = ["tiny", "cold", "3", "2.00 s (1.00..4.00)", "peer", "6.00 s", "3.00x", "2.50x, reached", "4.00x"]
    assert cells(RACE) == (*expected, "1.50 s", "equal")


def test_a_bound_in_words():
    assert cells(BOUND) == ("memory", "peak", "1", "1.25 x X", "", "", "", "at most 1.20 x X, MISSED", "", "", "")


def test_what_has_no_bound_says_nothing_of_it():
    assert cells(dataclasses.replace(RACE, reach=None))[COLUMNS.index("reach")] == ""


def test_of_several_peers_the_fastest_is_marked():
    slower = dataclasses.replace(RACE, peer="slow", theirs=Spread(7.0, 7.0, 7.0))
    elsewhere = dataclasses.replace(RACE, what="warm", peer="only")
    peers = [texts[COLUMNS.index("peer")] for texts in rows([slower, RACE, elsewhere, BOUND])]
    assert peers == ["slow", "peer (fastest)", "only", ""]


def test_a_share_in_words():
    assert share_cells(SHARE) == ("tiny", "cold", "peer", "multisearch", "loop", "3.00x", "equal")
    assert share_cells(dataclasses.replace(SHARE, slower="", faster=""))[-1] == ""


def test_scores_that_differ_in_words():
    line = dataclasses.replace(RACE, disagreement="the best differs: a and b")
    assert cells(line)[-1] == "differ"


@pytest.mark.parametrize(
    ("change", "failure"),
    [
        ({"lines": (dataclasses.replace(RACE, disagreement="they differ"),)}, "tiny, cold: they differ"),
        (
            {"shares": (dataclasses.replace(SHARE, disagreement="they differ"),)},
            "tiny, peer and multisearch: they differ",
        ),
        ({"lines": (dataclasses.replace(RACE, reach=3.5),)}, "tiny, cold: MISSED 3.50x, with 3.00x against peer"),
        ({"lines": (BOUND,)}, "memory, peak: MISSED at most 1.20 x X, with 1.25 x X"),
    ],
)
def test_what_disagrees_or_misses_its_bound_is_a_failure(report, change, failure):
    fine = dataclasses.replace(report, lines=(RACE,))
    assert failures_of(fine) == []
    assert failures_of(dataclasses.replace(fine, **change)) == [failure]


@pytest.mark.parametrize(("value", "text"), [(0.1234, "0.12"), (9.876, "9.88"), (12.34, "12.3"), (1234.5, "1,234")])
def test_numbers_have_three_digits_that_count(value, text):
    assert number(value) == text


def test_the_page_has_the_machine_and_a_row_per_line(report):
    page = markdown(report)
    assert "2 cores of a processor" in page
    assert "numpy 2.0.0" in page
    assert "at commit 0123456789ab with changes that are not committed" in page
    found = [line.count("|") for line in page.splitlines() if line.startswith("|")]
    table, shares = 2 + len(report.lines), 2 + len(report.shares)
    assert found == [len(COLUMNS) + 1] * table + [len(SHARE_COLUMNS) + 1] * shares


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
