from pathlib import Path

import numpy as np
import pytest
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV

import multisearch
from multisearch._records import KILLED, Candidate, Failure, Outcome
from multisearch.results import failure_rows, failures_frame, report_failures

FITS_FAILED = "{} fits failed with the following error:"


class Failing(Ridge):
    def fit(self, X, y):
        if self.alpha < 0:
            raise ValueError(f"alpha={self.alpha}")
        return super().fit(X, y)


def outcome(traceback=None):
    failure = None if traceback is None else Failure("ValueError: bad rows", traceback)
    return Outcome(0, 0, 0.0, 0.0, 0.0, test_scores=1.0, failure=failure)


@pytest.mark.parametrize("outcomes", [[outcome(), outcome()], []])
def test_nothing_is_said_where_nothing_failed(outcomes, recwarn):
    report_failures(outcomes, np.nan)
    assert not recwarn.list


def text_of_scikit_learns(regression, alphas, kind):
    """Return what GridSearchCV says about these fits, and the tracebacks in it."""
    search = GridSearchCV(Failing(), {"alpha": alphas}, cv=2)
    with pytest.raises(kind) if kind is ValueError else pytest.warns(kind, match="fits failed") as told:
        search.fit(*regression)
    text = str(told.value if kind is ValueError else told[0].message)
    return text, [part.partition("following error:\n")[2].rstrip("\n") + "\n" for part in text.split("-" * 80)[1:]]


@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite")
def test_some_failures_are_warned_about_in_gridsearchcvs_words_and_in_less_of_them(regression):
    text, (first, second) = text_of_scikit_learns(regression, [-1.0, 1.0, -2.0], FitFailedWarning)
    outcomes = [outcome(first), outcome(first), outcome(), outcome(), outcome(second), outcome(second)]
    with pytest.warns(FitFailedWarning) as told:
        report_failures(outcomes, np.nan)

    assert len(told) == 1
    ours = str(told[0].message)
    assert ours.split("\n")[:5] == [*text.split("\n")[:3], FITS_FAILED.format(2), "ValueError: alpha=-1.0"]
    assert "ValueError: alpha=-2.0" in ours
    assert ours.count("\n") < text.count("\n")


def test_where_nothing_but_failures_came_the_error_begins_with_the_cause(regression):
    text, (first,) = text_of_scikit_learns(regression, [-1.0], ValueError)
    with pytest.raises(ValueError, match="All the 2 fits failed") as told:
        report_failures([outcome(first), outcome(first)], np.nan)

    ours = str(told.value).split("\n")
    assert ours[:5] == [*text.split("\n")[:3], FITS_FAILED.format(2), "ValueError: alpha=-1.0"]
    assert 'raise ValueError(f"alpha={self.alpha}")' in ours[-2]
    assert "failures_" in ours[-1]


def test_failures_that_differ_only_in_what_is_left_out_are_one():
    ours = f'  File "{Path(multisearch.__file__).parent}/fitting/_worker.py", line %d, in _fit\n    fit()\n'
    mine = '  File "mine.py", line 1, in fit\n    1 / 0\nZeroDivisionError: zero\n'
    text = f"Traceback (most recent call last):\n{ours}{mine}"
    with pytest.raises(ValueError, match=r"(?s)misconfigured\.\n2 fits failed with .*ZeroDivisionError: zero"):
        report_failures([outcome(text % 1), outcome(text % 2)], np.nan)


def test_of_many_different_errors_only_the_commonest_are_told():
    with pytest.raises(ValueError, match="All the 8 fits failed") as told:
        report_failures([outcome(f"ValueError: {number}") for number in range(8)], np.nan)
    assert str(told.value).count("with the following error") == 5
    assert "\n3 fits failed with 3 other errors.\n" in str(told.value)


def test_what_a_worker_died_of_is_told_without_a_traceback():
    died = Outcome(0, 0, 0.0, 0.0, 0.0, failure=Failure("the worker process died", "", kind=KILLED))
    with pytest.warns(FitFailedWarning, match="1 fits failed with the following error:\nthe worker process died\nIf"):
        report_failures([died, outcome()], np.nan)


def test_the_error_score_is_named():
    with pytest.warns(FitFailedWarning, match=r"will be set to -5\.0"):
        report_failures([outcome("Traceback ..."), outcome()], -5.0)


def test_the_commonest_traceback_comes_first_where_everything_failed():
    with pytest.raises(ValueError, match=r"(?s)2 fits failed with.*Often.*1 fits failed with.*Once"):
        report_failures([outcome("Once"), outcome("Often"), outcome("Often")], np.nan)


def test_failures_are_a_table():
    died = Failure("the worker process died", "", kind=KILLED)
    outcomes = [outcome("Traceback ..."), outcome(), Outcome(1, 2, 0.0, 0.0, 0.0, failure=died, worker="tcp://a:1")]
    frame = failures_frame(failure_rows([Candidate(0, "ridge", {}), Candidate(1, "lasso", {})], outcomes))
    assert frame.to_dict("records") == [
        {
            "candidate": 0,
            "estimator": "ridge",
            "fold": 0,
            "kind": "raised",
            "message": "ValueError: bad rows",
            "traceback": "Traceback ...",
            "worker": None,
        },
        {
            "candidate": 1,
            "estimator": "lasso",
            "fold": 2,
            "kind": "killed",
            "message": "the worker process died",
            "traceback": "",
            "worker": "tcp://a:1",
        },
    ]


def test_where_nothing_failed_the_table_has_columns_all_the_same():
    frame = failures_frame([])
    assert list(frame) == ["candidate", "estimator", "fold", "kind", "message", "traceback", "worker"]
    assert frame.empty
