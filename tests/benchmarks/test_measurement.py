import numpy as np
import pytest
from sklearn.linear_model import Lasso, Ridge
from sklearn.model_selection import GridSearchCV

from benchmarks._agreement import disagreement
from benchmarks._measurement import (
    Stage,
    as_text,
    best_row,
    scores_by_hand,
    scores_of,
    total_seconds,
)
from multisearch import MultiModelSearchCV

ALPHAS = [10.0, 0.1, 1.0]


@pytest.fixture(scope="module")
def ours(regression):
    competitors = [("ridge", Ridge(), {"alpha": ALPHAS}), ("lasso", Lasso(), {"alpha": ALPHAS[::-1]})]
    return MultiModelSearchCV(competitors, refit=False).fit(*regression)


@pytest.fixture(scope="module")
def theirs(regression):
    models = {"lasso": Lasso(), "ridge": Ridge()}
    return {
        name: GridSearchCV(model, {"alpha": ALPHAS}, refit=False).fit(*regression) for name, model in models.items()
    }


def test_one_search_of_two_estimators_agrees_with_two_searches(ours, theirs):
    assert disagreement([scores_of({"both": ours}), scores_of(theirs)]) == ""


def test_searches_of_different_settings_do_not_agree(ours, theirs):
    assert disagreement([scores_of({"both": ours}), scores_of({"lasso": theirs["lasso"]})]) != ""


def test_scores_are_those_of_the_splits(theirs):
    scores = dict(scores_of({"ridge": theirs["ridge"]}).by_candidate)
    results = theirs["ridge"].cv_results_
    assert scores["ridge {'alpha': 0.1}"] == tuple(results[f"split{split}_test_score"][1] for split in range(5))


def test_the_best_is_the_best_of_all(ours, theirs):
    expected = as_text(ours.best_estimator_name_, ours.best_params_)
    assert scores_of(theirs).best == scores_of({"both": ours}).best == expected


def test_scores_by_hand_read_as_those_of_a_search(theirs):
    scores = scores_of({"ridge": theirs["ridge"]})
    assert disagreement([scores, scores_by_hand(dict(reversed(scores.by_candidate)))]) == ""


def test_a_search_that_hides_its_best_row_has_one(theirs):
    class Hidden:
        cv_results_ = theirs["ridge"].cv_results_

    assert best_row(Hidden()) == theirs["ridge"].best_index_


def test_candidates_read_alike_whatever_type_their_values_have():
    assert (
        as_text("a", {"c": np.float64(0.1), "b": np.int64(2)})
        == as_text("a", {"b": 2, "c": 0.1})
        == "a {'b': 2, 'c': 0.1}"
    )


def test_seconds_are_of_all_folds():
    results = {"mean_fit_time": np.array([1.0, 2.0]), "mean_score_time": np.array([0.5, 0.25])}
    results |= {f"split{split}_test_score": np.zeros(2) for split in range(3)}
    assert total_seconds(results) == 11.25


def test_a_stage_keeps_what_happens_on_it():
    stage = Stage(size=7)
    with stage.timed("cold"):
        pass
    stage.keep_work(of_the_peer=3.0, needed=2.0)
    start, end = stage.windows["cold"]
    assert 0 <= end - start < 1
    assert stage.figures == {"work of the peer": 3.0, "work needed": 2.0}


def test_a_phase_that_fails_has_no_time():
    stage = Stage(size=7)
    with pytest.raises(ZeroDivisionError), stage.timed("cold"):
        1 / 0  # noqa: B018
    assert stage.windows == {}
