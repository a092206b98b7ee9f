"""What stopped fits leave: a table of their histories, and one word on those that used up their iterations."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from multisearch._histories import pack
from multisearch._records import Candidate, Outcome
from multisearch.results._iterations import histories_frame, history_rows, report_used_up

CANDIDATES = [Candidate(0, "trees", {"depth": 1}), Candidate(1, "trees", {"depth": 2}), Candidate(2, "ridge", {})]


def outcome(candidate, fold, **of_stopping):
    return Outcome(candidate, fold, 0.0, 0.0, 0.0, 0.5, **of_stopping)


def test_every_iteration_of_every_metric_is_a_row():
    outcomes = [
        outcome(0, 0, history=pack({"l2": [3.0, 2.0, 2.5]})),
        outcome(0, 1, history=pack({"l2": [4.0], "auc": [0.5]})),
        outcome(1, 0),
        outcome(2, 0),
    ]
    frame = histories_frame(history_rows(CANDIDATES, outcomes))

    assert frame.columns.tolist() == ["candidate", "estimator", "fold", "metric", "iteration", "value"]
    assert frame.to_numpy().tolist() == [
        [0, "trees", 0, "l2", 1, 3.0],
        [0, "trees", 0, "l2", 2, 2.0],
        [0, "trees", 0, "l2", 3, 2.5],
        [0, "trees", 1, "l2", 1, 4.0],
        [0, "trees", 1, "auc", 1, 0.5],
    ]


@pytest.mark.parametrize("outcomes", [[], [outcome(0, 0, history=pack({"l2": [3.0]}))]], ids=["none", "one"])
def test_columns_are_of_the_same_kinds_whether_or_not_there_is_a_history(outcomes):
    frame = histories_frame(history_rows(CANDIDATES, outcomes))

    assert len(frame) == len(outcomes)
    assert frame.dtypes[["candidate", "fold", "iteration"]].eq(np.int64).all()
    assert frame["value"].dtype == np.float64


def test_fits_that_used_up_their_iterations_are_said_once_by_estimator():
    outcomes = [
        outcome(0, 0, used_up=True),
        outcome(0, 1, used_up=False),
        outcome(1, 0, used_up=True),
        outcome(2, 0),
    ]
    with pytest.warns(ConvergenceWarning, match=r"in 2 of 3 fits of estimator 'trees': .*; raise the limit") as given:
        report_used_up(CANDIDATES, outcomes)
    assert len(given) == 1


def test_nothing_is_said_where_patience_ran_out_or_nobody_knows():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report_used_up(CANDIDATES, [outcome(0, 0, used_up=False), outcome(2, 0), outcome(1, 0, failure=None)])
