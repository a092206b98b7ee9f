import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVR

from multisearch._records import Candidate, Fold, StoppingRule
from multisearch._sklearn_compat import safe_split

RULE = StoppingRule(patience=3, min_delta=0.0, monitor=None, refit_iterations="mean", variant=1)
TRAIN, TEST = np.array([3, 1, 2]), np.array([5, 0])


@pytest.fixture
def pipeline():
    return Pipeline([("scale", StandardScaler()), ("model", Ridge())])


def candidate(**params):
    return Candidate(0, "model", params)


def test_an_estimator_is_built_afresh_with_its_setting(make_problem, pipeline):
    problem = make_problem(pipeline)
    built = problem.build(candidate(model__alpha=3.0))

    assert built.get_params()["model__alpha"] == 3.0
    assert built is not problem.build(candidate(model__alpha=3.0))
    assert pipeline.get_params()["model__alpha"] == 1.0


def test_estimators_among_the_parameters_are_cloned(make_problem, pipeline):
    scaler = MinMaxScaler().fit([[0.0], [1.0]])
    built = make_problem(pipeline).build(candidate(scale=scaler, scale__clip=True))

    assert built.named_steps["scale"] is not scaler
    assert not hasattr(built.named_steps["scale"], "scale_")
    assert scaler.clip is False


def test_the_model_is_the_last_step_or_what_a_setting_puts_there(make_problem, pipeline):
    problem = make_problem(pipeline)
    other = SVR()

    assert problem.model_of(candidate()) is pipeline.named_steps["model"]
    assert problem.model_of(candidate(model=other)) is other
    assert make_problem(other).model_of(candidate()) is other


def test_only_models_that_can_stop_follow_the_rule_and_see_its_folds(make_problem, pipeline, regression):
    plain = make_problem(pipeline).folds[0]
    stopped = tuple(Fold(fold.index, fold.train[5:], fold.test, fold.train[:5]) for fold in plain)
    problem = make_problem(pipeline, rules={"model": RULE}, folds=[plain, stopped])
    boosted = candidate(model=HistGradientBoostingRegressor())

    assert problem.rule_of(candidate()) is None
    assert problem.fold(candidate(), 1) is plain[1]
    assert problem.rule_of(boosted) is RULE
    assert problem.fold(boosted, 1) is stopped[1]
    assert problem.root_of(candidate()) != problem.root_of(boosted)


def test_kernels_and_rows_share_nothing(make_problem):
    assert make_problem(SVR()).root_of(candidate()) != make_problem(SVR(kernel="precomputed")).root_of(candidate())


@pytest.mark.parametrize("convert", [np.asarray, np.asfortranarray, pd.DataFrame, scipy.sparse.csr_array, list])
def test_rows_are_a_private_selection(make_problem, regression, convert):
    X = convert(regression[0])
    selected, y = make_problem(Ridge(), rows=(X, regression[1])).rows(Ridge(), TRAIN)

    dense = selected.toarray() if scipy.sparse.issparse(selected) else np.asarray(selected)
    np.testing.assert_array_equal(dense, regression[0][TRAIN])
    np.testing.assert_array_equal(y, regression[1][TRAIN])
    assert type(selected) is type(X)
    assert not np.shares_memory(y, regression[1])
    assert not np.shares_memory(dense, regression[0])


def test_a_precomputed_kernel_keeps_the_columns_of_the_training_rows(make_problem, regression):
    kernel = regression[0] @ regression[0].T
    model = SVR(kernel="precomputed")
    problem = make_problem(model, rows=(kernel, regression[1]))

    np.testing.assert_array_equal(problem.rows(model, TRAIN)[0], kernel[np.ix_(TRAIN, TRAIN)])
    np.testing.assert_array_equal(problem.rows(model, TEST, TRAIN)[0], kernel[np.ix_(TEST, TRAIN)])


@pytest.mark.parametrize("convert", [np.array, pd.DataFrame, scipy.sparse.csr_array, scipy.sparse.csc_array, list])
def test_all_rows_are_private_copies(make_problem, regression, convert):
    X = convert(regression[0])
    copied, y = make_problem(Ridge(), rows=(X, regression[1])).all_rows()

    assert type(copied) is type(X)
    assert copied is not X
    assert y is not regression[1]
    if convert is np.array:
        assert not np.shares_memory(copied, X)
    np.testing.assert_array_equal(y, regression[1])


@pytest.mark.parametrize("order", ["C", "F"])
def test_all_rows_keep_their_memory_order(make_problem, regression, order):
    X = np.array(regression[0], order=order)
    copied, _ = make_problem(Ridge(), rows=(X, regression[1])).all_rows()

    assert (copied.flags.c_contiguous, copied.flags.f_contiguous) == (order == "C", order == "F")


def test_without_y_there_are_no_targets(make_problem, regression):
    problem = make_problem(Ridge(), rows=(regression[0], None), scoring=lambda *_: 0.0)

    assert problem.targets(TRAIN) is None
    assert problem.rows(Ridge(), TRAIN)[1] is None
    assert problem.all_rows()[1] is None


def test_parameters_with_an_entry_per_row_are_split_with_the_rows(make_problem, regression):
    weights = np.arange(len(regression[1]), dtype=float)
    problem = make_problem(
        Ridge(), fit_params={"sample_weight": weights, "check": [1, 2]}, score_params={"model": {"weight": weights}}
    )

    assert problem.fit_params_of("model", TRAIN)["sample_weight"].tolist() == [3, 1, 2]
    assert problem.fit_params_of("model", TRAIN)["check"] == [1, 2]
    assert problem.fit_params_of("model", None)["sample_weight"].tolist() == weights.tolist()
    assert problem.score_params_of("model", TEST)["weight"].tolist() == [5, 0]


@pytest.mark.parametrize("order", ["C", "F"])
def test_rows_of_an_array_are_laid_out_as_scikit_learn_lays_them_out(make_problem, order):
    X = np.asarray(np.arange(60.0).reshape(20, 3), order=order)
    y = np.arange(20)
    problem = make_problem(Ridge(), rows=(X, y))
    rows = np.array([3, 1, 19])

    selected, targets = problem.rows(Ridge(), rows)
    expected, expected_targets = safe_split(Ridge(), X, y, rows)

    np.testing.assert_array_equal(selected, expected)
    assert selected.flags.c_contiguous == expected.flags.c_contiguous
    np.testing.assert_array_equal(targets, expected_targets)
    selected[:] = 0.0
    assert X[3, 0] == 9.0
