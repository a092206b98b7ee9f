import dataclasses
import json

import pytest

from benchmarks import _command
from benchmarks._base import Benchmark
from benchmarks._claims import Bound, Race
from benchmarks._command import main, parse_arguments
from benchmarks._find import names
from benchmarks._measurement import Scores
from benchmarks._revision import Revision


def nothing(stage):
    pass


@pytest.fixture
def performances(monkeypatch, measured):
    """Put measurements in place of the processes that a made-up benchmark would run."""

    def put(*measurements):
        benchmark = Benchmark(
            about="",
            full=1,
            quick=2,
            contestants={"multisearch": nothing, "peer": nothing},
            claims=(Race("cold", "peer", reach=2.0),),
        )
        monkeypatch.setattr(_command, "find", lambda name: benchmark)
        monkeypatch.setattr(_command, "measure", lambda *arguments: list(measurements))

    return put


@pytest.fixture
def arguments(tmp_path):
    return ["slots", "--json", str(tmp_path / "results.json"), "--docs", str(tmp_path / "results.md")]


def test_all_benchmarks_run_unless_some_are_named():
    assert parse_arguments([]).names == tuple(names())
    assert parse_arguments(["slots", "--quick", "--runs", "2"]).names == ("slots",)
    assert parse_arguments(["--quick"]).size == "quick"


@pytest.mark.parametrize("wrong", [["slot"], ["--runs", "0"]])
def test_wrong_arguments_are_refused(wrong, capsys):
    with pytest.raises(SystemExit, match="2"):
        parse_arguments(wrong)
    assert wrong[0] in capsys.readouterr().err


def test_agreement_within_bounds_is_a_success(performances, measured, arguments, tmp_path, capsys):
    performances(measured("multisearch", 2.0), measured("peer", 5.0))
    assert main(arguments) == 0
    assert "2.50x" in capsys.readouterr().out
    assert "2.50x" in (tmp_path / "results.md").read_text()
    assert json.loads((tmp_path / "results.json").read_text())["lines"][0]["ratio"] == 2.5


def test_a_missed_bound_is_a_failure(performances, measured, arguments, tmp_path, capsys):
    performances(measured("multisearch", 2.0), measured("peer", 1.0))
    assert main(arguments) == 1
    assert "slots, cold: MISSED 2.00x, with 0.50x against peer" in capsys.readouterr().out
    assert "MISSED" in (tmp_path / "results.md").read_text()
    assert main(["--show", str(tmp_path / "results.json")]) == 1


def test_quick_runs_have_no_bounds_of_time(performances, measured, arguments):
    performances(measured("multisearch", 2.0), measured("peer", 1.0))
    assert main([*arguments, "--quick"]) == 0


def test_a_missed_bound_of_a_quick_run_is_a_failure(performances, measured, arguments, monkeypatch):
    performances(measured("multisearch", 2.0), measured("peer", 1.0))
    bound = Bound("peak", "x", lambda taken: [1.5], 1.0)
    benchmark = dataclasses.replace(_command.find("slots"), claims=(bound,))
    monkeypatch.setattr(_command, "find", lambda name: benchmark)
    assert main([*arguments, "--quick"]) == 1


def test_commits_during_the_run_are_said(performances, measured, arguments, monkeypatch, tmp_path):
    performances(measured("multisearch", 2.0), measured("peer", 5.0))
    seen = iter([Revision("a" * 40, is_changed=False), Revision("b" * 40, is_changed=False)])
    monkeypatch.setattr(_command, "this_revision", lambda: next(seen))
    main(arguments)
    expected = {"commit": "a" * 40, "is_changed": True}
    assert json.loads((tmp_path / "results.json").read_text())["revision"] == expected


def test_disagreement_is_a_failure(performances, measured, arguments, capsys):
    performances(measured("multisearch", 2.0), measured("peer", 1.0, scores=Scores("other", ())))
    assert main(arguments) == 1
    assert "slots, cold: the candidates differ" in capsys.readouterr().out


def test_a_contestant_that_is_missing_is_a_failure(performances, measured, arguments, capsys):
    performances(measured("multisearch", 2.0))
    assert main(arguments) == 1
    assert "nothing was measured of peer" in capsys.readouterr().out


def test_an_earlier_run_can_be_shown(performances, measured, arguments, tmp_path, capsys):
    performances(measured("multisearch", 2.0), measured("peer", 5.0))
    main(arguments)
    page = (tmp_path / "results.md").read_text()
    capsys.readouterr()
    assert main(["--show", str(tmp_path / "results.json"), "--docs", str(tmp_path / "again.md")]) == 0
    assert "2.50x" in capsys.readouterr().out
    assert (tmp_path / "again.md").read_text() == page


def test_runs_can_be_shown_together(performances, measured, arguments, tmp_path):
    files = [tmp_path / "first.json", tmp_path / "second.json"]
    for seconds, file in zip([5.0, 6.0], files, strict=True):
        performances(measured("multisearch", 2.0), measured("peer", seconds))
        main([*arguments, "--json", str(file)])
    assert main(["--show", *map(str, files), "--docs", str(tmp_path / "both.md")]) == 0
    page = (tmp_path / "both.md").read_text()
    assert page.count("Measured from") == 2
    assert page.index("2.50x") < page.index("3.00x")
