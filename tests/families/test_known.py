import sys

import catboost
import lightgbm
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import xgboost
from helpers import shown
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import BaggingRegressor
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.feature_selection import SelectKBest, f_regression
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import KFold
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import SVR

from multisearch.families._known import is_exactly, is_fixed_seed, is_harmless, is_known, is_plain_data, sets_only


class OwnRidge(Ridge):
    pass


class Impostor(Ridge):
    pass


Impostor.__module__, Impostor.__qualname__, Impostor.__name__ = Ridge.__module__, "Ridge", "Ridge"


class OwnScaler(StandardScaler):
    pass


class OwnPipeline(Pipeline):
    pass


def own_function(*values):
    return 0


def with_method(estimator, name, method=own_function):
    setattr(estimator, name, method)
    return estimator


KNOWN = [
    Ridge(),
    lightgbm.LGBMRegressor(max_bin=7),
    lightgbm.LGBMRanker(),
    xgboost.XGBRFRegressor(),
    catboost.CatBoostClassifier(depth=3),
    make_pipeline(StandardScaler(), "passthrough", Ridge()),
    FeatureUnion([("one", PCA()), ("two", FunctionTransformer())]),
    ColumnTransformer([("one", OneHotEncoder(), [0]), ("rest", "drop", slice(1, None))]),
    SelectKBest(f_regression),
    TfidfVectorizer(dtype=np.float32, vocabulary={"a": 0, "b": 1}),
    GaussianProcessRegressor(RBF(), random_state=np.random.RandomState(0)),
    StandardScaler().set_output(transform="pandas"),
    BaggingRegressor(Ridge()),
    Ridge(alpha=np.array([1.0, 2.0])).fit(np.eye(3), np.eye(3)[:, :2]),
]
UNKNOWN = [
    OwnRidge(),
    Impostor(),
    OwnPipeline([("model", Ridge())]),
    make_pipeline(OwnScaler(), Ridge()),
    make_pipeline(StandardScaler(), OwnRidge()),
    FeatureUnion([("one", PCA()), ("two", FunctionTransformer(own_function))]),
    ColumnTransformer([("one", OwnScaler(), [0])]),
    ColumnTransformer([("one", StandardScaler(), own_function)]),
    SelectKBest(own_function),
    TfidfVectorizer(tokenizer=own_function),
    SVR(kernel=own_function),
    SVR(kernel=lambda one, other: one @ other.T),
    BaggingRegressor(OwnRidge()),
    lightgbm.LGBMRegressor(objective=own_function),
    xgboost.XGBRegressor(callbacks=[own_function]),
    catboost.CatBoostRegressor(loss_function=type("Own", (), {})()),
    with_method(Ridge(), "predict"),
    with_method(Ridge(), "fit", Ridge().fit),
    with_method(Ridge(), "decision_function"),
    with_method(Ridge(), "__sklearn_clone__"),
    make_pipeline(with_method(StandardScaler(), "transform"), Ridge()),
    "passthrough",
    None,
    Ridge,
    own_function,
]


@pytest.mark.parametrize("estimator", KNOWN, ids=lambda one: type(one).__name__)
def test_a_librarys_own_class_is_known(estimator):
    assert is_known(estimator)


@pytest.mark.parametrize("estimator", UNKNOWN, ids=shown)
def test_what_is_the_users_in_any_part_is_not(estimator):
    assert not is_known(estimator)


def test_a_class_is_known_by_its_library_not_by_who_took_its_place(monkeypatch):
    monkeypatch.setattr(sys.modules["xgboost"], "XGBRegressor", type("XGBRegressor", (xgboost.XGBRegressor,), {}))

    assert not is_exactly(xgboost.XGBRegressor(), "xgboost", "XGBRegressor")


@pytest.mark.parametrize(
    ("thing", "is_one"),
    [
        (xgboost.XGBRegressor(), True),
        (xgboost.XGBRFRegressor(), False),
        (type("XGBRegressor", (xgboost.XGBRegressor,), {})(), False),
        (with_method(xgboost.XGBRegressor(), "predict"), False),
        (Ridge(), False),
    ],
    ids=shown,
)
def test_only_a_class_itself_is_exactly_that_class(thing, is_one):
    assert is_exactly(thing, "xgboost", "XGBRegressor", "Ridge") is is_one


@pytest.mark.parametrize(
    "value",
    [
        None,
        3.5,
        np.float32(1),
        "word",
        [1, ("a", {"b": {None}})],
        slice(1, None),
        range(3),
        np.ones(3),
        np.array(["a", None], dtype=object),
        np.float32,
        int,
        np.dtype("f4"),
        np.random.default_rng(0),
        pd.DataFrame({"a": [1]}),
        pd.Series([1]),
        scipy.sparse.csr_array(np.eye(2)),
        KFold(3),
    ],
    ids=shown,
)
def test_data_are_harmless(value):
    assert is_harmless(value)
    assert is_harmless([value])
    assert is_harmless({"a": value})


@pytest.mark.parametrize(
    "value",
    [
        own_function,
        np.log1p,
        len,
        type("Own", (), {})(),
        type("OwnFrame", (pd.DataFrame,), {})(),
        np.ones(3).view(type("OwnArray", (np.ndarray,), {})),
        np.array([own_function], dtype=object),
        OwnRidge,
        type("OwnWord", (str,), {})("a"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_can_act_is_not(value):
    assert not is_harmless(value)
    assert not is_harmless([1, value])
    assert not is_harmless({"a": {"b": value}})


def test_what_holds_itself_is_judged_once():
    value = [1]
    value.append(value)
    assert is_harmless(value)
    value.append(own_function)
    assert not is_harmless(value)


@pytest.mark.parametrize("value", [1, "a", None, [1, 2], {"a": (1.5, None)}, np.ones(2), np.float32(1)])
def test_numbers_and_words_are_plain(value):
    assert is_plain_data(value)


@pytest.mark.parametrize("value", [Ridge(), [Ridge()], {"a": len}, np.array([None]), pd.Series([1]), float])
def test_objects_are_not_plain(value):
    assert not is_plain_data(value)


@pytest.mark.parametrize(
    ("seed", "is_fixed"),
    [(0, True), (np.int64(3), True), (None, False), (True, False), (np.random, False), (1.0, False)],
)
def test_a_whole_number_is_a_seed(seed, is_fixed):
    assert is_fixed_seed(seed) is is_fixed


@pytest.mark.parametrize(
    ("params", "is_so"),
    [
        ({}, True),
        ({"alpha": 3, "solver": "auto"}, True),
        ({"alpha": [3, 4]}, True),
        ({"alpha": len}, False),
        ({"fit_intercept": 1}, False),
        ({"positive": True}, False),
        ({"max_iter": np.ones(3)}, False),
        ({"unheard_of": None}, True),
        ({"unheard_of": 0}, False),
    ],
    ids=shown,
)
def test_parameters_are_harmless_that_are_numbers_under_certain_names_or_as_they_were(params, is_so):
    assert sets_only(Ridge(), Ridge().get_params() | params, {"alpha"}) is is_so


def test_the_same_holds_for_a_class_without_parameters_set():
    assert sets_only(LinearRegression(), LinearRegression().get_params(), set())
