import io
import re

import numpy as np
import pytest
import rich

from multisearch._records import Candidate, Outcome
from multisearch.callbacks._progress import ProgressBar

RIDGE, LASSO = Candidate(0, "ridge", {}), Candidate(1, "[bold]lasso", {})


@pytest.fixture
def screen(monkeypatch):
    """Return what a wide terminal is written to."""
    written = io.StringIO()
    console = rich.console.Console(
        file=written, force_terminal=True, width=160, color_system=None, legacy_windows=False
    )
    monkeypatch.setattr(rich, "_console", console)
    return written


def last_line(screen):
    """Return the last line drawn, without the terminal's control codes."""
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.getvalue()).replace("\r", "\n")
    return [line for line in text.split("\n") if line.strip()][-1]


def finished(candidate, fold):
    return Outcome(candidate.index, fold, 0.0, 0.0, 0.0, test_scores=0.5)


@pytest.fixture
def bar(screen):
    bar = ProgressBar()
    bar.on_start(2, 3)
    yield bar
    bar.on_end()


def test_evaluations_done_and_to_do_are_shown(bar, screen):
    for fold in range(2):
        bar.on_outcome(RIDGE, finished(RIDGE, fold))
    bar.on_end()

    assert re.search(r"\b2/6 no score yet", last_line(screen))


def test_the_best_score_and_its_estimator_are_shown(bar, screen):
    bar.on_candidate(RIDGE, {"score": 0.5})
    bar.on_candidate(LASSO, {"score": 0.75})
    bar.on_candidate(RIDGE, {"score": 0.625})
    bar.on_end()

    assert "best 0.75 by [bold]lasso" in last_line(screen)


@pytest.mark.parametrize("scores", [{}, {"score": np.nan}])
def test_a_candidate_without_a_score_is_never_the_best(bar, screen, scores):
    bar.on_candidate(LASSO, scores)
    bar.on_end()
    assert "no score yet" in last_line(screen)


def test_negative_scores_count(bar, screen):
    bar.on_candidate(RIDGE, {"score": -1234.5678})
    bar.on_end()

    assert "best -1235 by ridge" in last_line(screen)


@pytest.mark.parametrize(
    ("metric", "expected"), [("r2", "best r2 0.5 by ridge"), (None, "best error -3 by [bold]lasso"), ("none", "error")]
)
def test_of_several_metrics_one_is_told_from_first_to_last(screen, metric, expected):
    bar = ProgressBar(metric)
    bar.on_candidate(RIDGE, {"error": -4.0, "r2": 0.5})
    bar.on_candidate(LASSO, {"r2": 0.25, "error": -3.0})
    bar.on_start(1, 1)
    bar.on_end()

    assert expected in last_line(screen)


def test_a_single_score_has_no_name_whatever_the_refit_is_called(screen):
    bar = ProgressBar("r2")
    bar.on_candidate(RIDGE, {"score": 0.5})
    bar.on_start(1, 1)
    bar.on_end()

    assert "best 0.5 by ridge" in last_line(screen)


def test_a_second_wave_of_candidates_raises_the_total(bar, screen):
    bar.on_outcome(RIDGE, finished(RIDGE, 0))
    bar.on_start(4, 3)
    bar.on_end()

    assert "1/12 no score yet" in last_line(screen)


def test_the_refit_and_the_end_are_shown(bar, screen):
    bar.on_refit(RIDGE)
    assert "refitting ridge" in last_line_after_refresh(bar, screen)
    bar.on_end()
    assert "done" in last_line(screen)


def last_line_after_refresh(bar, screen):
    bar._bar.refresh()
    return last_line(screen)


def test_an_end_without_a_start_is_harmless(screen):
    bar = ProgressBar()
    bar.on_end()
    assert not bar._bar.live.is_started
    assert not screen.getvalue().strip()


def test_a_file_is_given_plain_lines(monkeypatch):
    written = io.StringIO()
    monkeypatch.setattr(rich, "_console", rich.console.Console(file=written, width=120))
    bar = ProgressBar()
    bar.on_start(1, 1)
    bar.on_outcome(RIDGE, finished(RIDGE, 0))
    bar.on_end()

    assert "1/1 no score yet" in written.getvalue()
    assert "\x1b" not in written.getvalue()
