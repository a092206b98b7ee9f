import json

import pytest

from benchmarks import _command
from benchmarks._base import Benchmark
from benchmarks._claims import Race
from benchmarks._command import main, parse_arguments
from benchmarks._find import names
from benchmarks._measurement import Scores


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


def test_agreement_is_a_success_even_if_slow(performances, measured, arguments, tmp_path, capsys):
    performances(measured("multisearch", 2.0), measured("peer", 1.0))
    assert main(arguments) == 0
    assert "0.50x" in capsys.readouterr().out
    assert "0.50x" in (tmp_path / "results.md").read_text()
    assert json.loads((tmp_path / "results.json").read_text())["lines"][0]["ratio"] == 0.5


def test_disagreement_is_a_failure(performances, measured, arguments, capsys):
    performances(measured("multisearch", 2.0), measured("peer", 1.0, scores=Scores("other", ())))
    assert main(arguments) == 1
    assert "slots, cold: the candidates differ" in capsys.readouterr().out


def test_a_contestant_that_is_missing_is_a_failure(performances, measured, arguments, capsys):
    performances(measured("multisearch", 2.0))
    assert main(arguments) == 1
    assert "nothing was measured of peer" in capsys.readouterr().out


def test_an_earlier_run_can_be_shown(performances, measured, arguments, tmp_path, capsys):
    performances(measured("multisearch", 2.0), measured("peer", 1.0))
    main(arguments)
    page = (tmp_path / "results.md").read_text()
    capsys.readouterr()
    assert main(["--show", str(tmp_path / "results.json"), "--docs", str(tmp_path / "again.md")]) == 0
    assert "0.50x" in capsys.readouterr().out
    assert (tmp_path / "again.md").read_text() == page
