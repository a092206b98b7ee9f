import sys
from dataclasses import replace

import dask.array as da
import numpy as np
import pandas as pd
import pytest
from lightgbm import LGBMRegressor
from sklearn import config_context
from sklearn.linear_model import Lasso, Ridge
from sklearn.model_selection import KFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from multisearch import EarlyStopping, MultiModelSearchCV
from multisearch._records import Candidate
from multisearch.arguments import prepare
from multisearch.journal import EvaluationKeys
from multisearch.journal._keys import _versions

RIDGE = Pipeline([("scale", StandardScaler()), ("model", Ridge())])


class Opaque:
    """Can be copied, but has no content that could be told."""

    def __deepcopy__(self, memo):
        return self

    def __reduce_ex__(self, protocol):
        raise TypeError("holds a lock")


def compute(collection):
    return collection.compute()


def keys_of(data, *, estimator=RIDGE, name="ridge", params=None, fit_params=None, code_version=None, **arguments):
    """Return the keys of one candidate's evaluations, by fold."""
    search = MultiModelSearchCV([(name, estimator, {})], **{"cv": 3, **arguments})
    problem = prepare(search, *data, fit_params or {}).problem
    keys = EvaluationKeys(problem, compute, code_version)(Candidate(0, name, params or {}))
    assert all(candidate == 0 for candidate, _ in keys)
    return [key for _, key in sorted(keys.items())]


@pytest.fixture
def data(regression):
    return regression


def test_every_fold_has_a_key_of_its_own(data):
    assert len(set(keys_of(data))) == 3


@pytest.mark.parametrize(
    "same",
    [
        {"name": "another name"},
        {"verbose": 1},
        {"error_score": 0.0},
        {"return_train_score": True},
        {"refit": False},
        {"optimize": False},
        {"params": {"model__alpha": 1.0}},
        {"cv": KFold(3)},
        {"estimator": Pipeline([("scale", StandardScaler()), ("model", Ridge(alpha=1.0))], verbose=True)},
    ],
)
def test_what_changes_no_result_changes_no_key(data, same):
    assert keys_of(data, **same) == keys_of(data)


@pytest.mark.parametrize(
    "other",
    [
        {"params": {"model__alpha": 2.0}},
        {"params": {"model__alpha": np.float64(1)}},
        {"params": {"model": Lasso()}},
        {"estimator": Pipeline([("scale", StandardScaler(with_mean=False)), ("model", Ridge())])},
        {"cv": KFold(3, shuffle=True, random_state=0)},
        {"scoring": "neg_mean_absolute_error"},
        {"code_version": "prices of May"},
        {"scoring": ["r2"], "refit": "r2"},
        {"fit_params": {"sample_weight": np.linspace(1, 2, 120)}},
    ],
)
def test_whatever_changes_results_changes_every_key(data, other):
    assert not set(keys_of(data, **other)) & set(keys_of(data))


def test_one_changed_number_changes_every_key(data):
    X, y = data
    changed = X.copy()
    changed[5, 1] = np.nextafter(changed[5, 1], np.inf)
    assert not set(keys_of((changed, y))) & set(keys_of(data))
    other = y.copy()
    other[7] += 1
    assert not set(keys_of((X, other))) & set(keys_of(data))


@pytest.mark.parametrize(
    "setting",
    [
        config_context(transform_output="pandas"),
        config_context(assume_finite=True),
        config_context(working_memory=1),
        np.errstate(all="raise"),
        pd.option_context("compute.use_numba", True),
    ],
    ids=["output", "checks", "memory", "errors", "pandas"],
)
def test_settings_that_may_change_results_change_keys(data, setting):
    outside = keys_of(data)
    with setting:
        assert not set(keys_of(data)) & set(outside)
    assert keys_of(data) == outside


def test_how_estimators_are_shown_changes_no_key(data):
    outside = keys_of(data)
    with config_context(display="text", print_changed_only=False):
        assert keys_of(data) == outside


def test_keras_changes_keys_by_its_settings_and_not_by_being_imported(data, request):
    outside = keys_of(data)
    keras = request.getfixturevalue("keras")
    assert keys_of(data) == outside
    keras.config.set_floatx("float64")
    assert not set(keys_of(data)) & set(outside)


def test_early_stopping_belongs_to_the_key_but_not_how_its_iterations_are_used(data):
    def keys(**stopping):
        return keys_of(
            data, estimator=LGBMRegressor(n_jobs=1), early_stopping=EarlyStopping(**stopping), random_state=0
        )

    assert keys() == keys(refit_iterations="max") == keys(keep_history=False)
    for other in (
        {"patience": 3},
        {"min_delta": 0.1},
        {"monitor": "l1"},
        {"validation_fraction": 0.3},
        {"validation": "last"},
    ):
        assert not set(keys()) & set(keys(**other)), other


def test_a_version_of_a_library_belongs_to_the_key(data, monkeypatch):
    before = keys_of(data)
    monkeypatch.setattr(sys.modules["sklearn"], "__version__", "0.1")
    assert not set(before) & set(keys_of(data))


def test_versions_have_an_order_that_is_the_same_in_every_process():
    assert list(_versions(Pipeline([("model", LGBMRegressor())])))[2:] == ["lightgbm", "numpy", "scipy", "sklearn"]


def test_a_function_that_a_users_function_calls_belongs_to_the_key(data, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(
        sys, "dont_write_bytecode", True
    )  # a second version within a second would be taken for the first

    def keys(factor, how):
        (tmp_path / "deep_helpers.py").write_text(f"def factor():\n    return {factor}\n")
        (tmp_path / "my_steps.py").write_text(how)
        for name in ("deep_helpers", "my_steps"):
            sys.modules.pop(name, None)
        import my_steps  # type: ignore[import-not-found]

        return keys_of(data, estimator=Pipeline([("scale", FunctionTransformer(my_steps.scaled)), ("model", Ridge())]))

    through_module = "import deep_helpers\n\ndef scaled(X):\n    return X * deep_helpers.factor()\n"
    by_name = "from deep_helpers import factor\n\ndef scaled(X):\n    return X * factor()\n"
    inside = "def scaled(X):\n    from deep_helpers import factor\n    return X * factor()\n"
    for how in (through_module, by_name, inside):
        first, second = keys(2, how), keys(3, how)
        assert not set(first) & set(second), how
        assert keys(2, how) == first


def test_blocks_of_a_dask_array_are_told_apart_where_they_are(data):
    X, y = data
    lazy = keys_of((da.from_array(X, chunks=(40, -1)), y))
    assert lazy == keys_of((da.from_array(X.copy(), chunks=(40, -1)), y))
    X = X.copy()
    X[100, 0] += 1
    assert not set(lazy) & set(keys_of((da.from_array(X, chunks=(40, -1)), y)))


def test_a_frames_columns_belong_to_the_key(data):
    X, y = data
    frame = pd.DataFrame(X, columns=list("abcdefgh"))
    assert keys_of((frame, y)) == keys_of((frame.copy(), y))
    assert not set(keys_of((frame, y))) & set(keys_of((frame.rename(columns={"a": "z"}), y)))


def test_an_estimator_that_cannot_be_fingerprinted_is_warned_about_once(data):
    odd = Pipeline([("scale", FunctionTransformer(kw_args={"opaque": Opaque()})), ("model", Ridge())])
    search = MultiModelSearchCV([("ridge", RIDGE, {}), ("odd", odd, {})], cv=3)
    problem = prepare(search, *data, {}).problem
    keys = EvaluationKeys(problem, compute)
    with pytest.warns(UserWarning, match="estimator 'odd' are not kept in the journal.*lock") as told:
        assert keys(Candidate(0, "odd", {})) == keys(Candidate(1, "odd", {})) == {}
    assert len(told) == 1
    assert len(keys(Candidate(2, "ridge", {}))) == 3


def test_data_that_cannot_be_fingerprinted_leave_nothing_with_a_key(data):
    search = MultiModelSearchCV([("ridge", RIDGE, {})], cv=3)
    problem = replace(prepare(search, *data, {}).problem, X=Opaque())
    with pytest.warns(UserWarning, match="evaluations are not kept in the journal"):
        keys = EvaluationKeys(problem, compute)
    assert keys(Candidate(0, "ridge", {})) == {}
