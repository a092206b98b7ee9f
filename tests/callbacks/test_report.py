import pytest

from multisearch._records import Candidate, Failure, Outcome
from multisearch.callbacks._report import EvaluationReport

RIDGE = Candidate(3, "ridge", {"model__alpha": 0.1, "a": 2})


def line_for(outcome, verbose, capsys):
    report = EvaluationReport(verbose)
    report.on_start(4, 5)
    report.on_outcome(RIDGE, outcome)
    first, line = capsys.readouterr().out.splitlines()
    assert first == "Fitting 5 folds for each of 4 candidates, totalling 20 fits"
    return line


def outcome(**what):
    return Outcome(3, 1, fit_time=1.0, score_time=0.5, seconds=0.2, **what)


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ({"test_scores": 0.5}, ", score=0.500"),
        ({"test_scores": 0.5, "train_scores": 0.75}, ", score=(train=0.750, test=0.500)"),
        ({"test_scores": {"r2": 0.5, "mae": 2.0}}, " mae: (test=2.000) r2: (test=0.500)"),
        ({"test_scores": {"r2": 0.5}, "train_scores": {"r2": 0.75}}, " r2: (train=0.750, test=0.500)"),
        ({"failure": Failure("ValueError: no", "Traceback")}, " failed,"),
    ],
)
def test_a_line_names_fold_estimator_setting_scores_and_time(what, said, capsys):
    line = line_for(outcome(**what), 3, capsys)
    assert line == f"[CV 2/5] END ridge: a=2, model__alpha=0.1;{said} total time=1.5s"


def test_less_verbose_leaves_out_the_scores(capsys):
    line = line_for(outcome(test_scores=0.5), 2, capsys)
    assert line == "[CV 2/5] END ridge: a=2, model__alpha=0.1; total time=1.5s"
