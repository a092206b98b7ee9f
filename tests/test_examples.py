"""The example that the documentation shows and does not run."""

import importlib.util
import re
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[1] / "docs" / "examples" / "lightgbm_vs_keras.py"
PNG = b"\x89PNG"


@pytest.fixture
def tournament(keras):
    spec = importlib.util.spec_from_file_location(EXAMPLE.stem, EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.filterwarnings("default::UserWarning")  # so small, it has reason to warn
def test_the_tournament_names_its_winner_and_draws_it(tournament, tmp_path, monkeypatch, capsys):
    small = {"n_samples": 200, "max_trees": 20, "max_epochs": 3, "batch_size": 64, "keras_learning_rate": 0.1}
    monkeypatch.setattr(tournament, "QUICK", tournament.Sizes(**small, n_settings=2, n_splits=2))
    tournament.main(["--jobs", "1", "--categories", "2", "--output", str(tmp_path / "results")])
    said = capsys.readouterr().out
    written = (tmp_path / "results" / "summary.txt").read_text()
    assert written in said
    assert re.search(r"^The winner is (lightgbm|keras), with a mean R2 of -?\d", written, flags=re.MULTILINE)
    assert written.count("depth ") >= 2
    assert len(re.findall(r"layer", written)) >= 2
    for name in ("all-scores.png", "predicted-vs-true.png"):
        assert (tmp_path / "results" / name).read_bytes().startswith(PNG)
