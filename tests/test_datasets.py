import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from sklearn.compose import ColumnTransformer
from sklearn.datasets import make_regression
from sklearn.linear_model import LinearRegression
from sklearn.preprocessing import OneHotEncoder

from multisearch.datasets import make_categorical_regression

NUMBERS = [f"num_{column}" for column in range(10)]


def test_default_shape_and_names():
    X, y = make_categorical_regression(random_state=0)

    assert list(X.columns) == [*NUMBERS, "cat"]
    assert X.shape == (10_000, 11)
    assert y.shape == (10_000,)
    assert y.dtype == np.float64
    assert (X[NUMBERS].dtypes == np.float64).all()
    assert X["cat"].unique().tolist() == ["a"]
    assert X.index.equals(pd.RangeIndex(10_000))


@pytest.mark.parametrize(
    ("n_samples", "n_categories", "counts"),
    [
        (10, 2, {"a": 5, "b": 5}),
        (11, 3, {"a": 4, "b": 4, "c": 3}),
        (3, 3, {"a": 1, "b": 1, "c": 1}),
    ],
)
def test_rows_are_split_evenly(n_samples, n_categories, counts):
    X, y = make_categorical_regression(n_samples, n_categories, random_state=0)

    assert X["cat"].value_counts().sort_index().to_dict() == counts
    assert len(y) == n_samples


def test_one_category_is_one_make_regression_problem():
    X, y = make_categorical_regression(n_samples=50, n_numeric=4, n_informative=2, noise=3.0, random_state=5)
    rows, target = make_regression(n_samples=50, n_features=4, n_informative=2, noise=3.0, random_state=5)

    order, expected = np.argsort(y), np.argsort(target)
    np.testing.assert_array_equal(y[order], target[expected])
    np.testing.assert_array_equal(X.drop(columns="cat").to_numpy()[order], rows[expected])


def test_each_category_has_its_own_coefficients():
    X, y = make_categorical_regression(n_samples=300, n_categories=3, noise=0.0, random_state=0)

    coefficients = []
    for category in "abc":
        rows = (X["cat"] == category).to_numpy()
        model = LinearRegression().fit(X.loc[rows, NUMBERS], y[rows])
        assert model.score(X.loc[rows, NUMBERS], y[rows]) == pytest.approx(1.0)
        assert (np.abs(model.coef_) > 1e-6).sum() == 5
        coefficients.append(model.coef_)

    assert not np.allclose(coefficients[0], coefficients[1])
    assert not np.allclose(coefficients[1], coefficients[2])
    assert LinearRegression().fit(X[NUMBERS], y).score(X[NUMBERS], y) < 0.9


def test_categories_are_shuffled():
    X, _ = make_categorical_regression(n_samples=100, n_categories=2, random_state=0)

    assert 10 < (X["cat"].iloc[:50] == "a").sum() < 40


def test_noise_is_the_residual_standard_deviation():
    X, y = make_categorical_regression(noise=7.0, random_state=0)

    residuals = y - LinearRegression().fit(X[NUMBERS], y).predict(X[NUMBERS])
    assert residuals.std() == pytest.approx(7.0, rel=0.05)


def test_equal_seed_equal_data():
    first, second, other = (make_categorical_regression(100, 2, random_state=seed) for seed in (1, 1, 2))

    assert_frame_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])
    assert not np.array_equal(first[1], other[1])


def test_random_state_instance_moves_on():
    random = np.random.RandomState(0)
    _, first = make_categorical_regression(100, random_state=random)
    _, second = make_categorical_regression(100, random_state=random)

    assert not np.array_equal(first, second)


def test_numpy_integers_are_integers():
    X, _ = make_categorical_regression(np.int64(20), np.int32(2), noise=np.float32(1), random_state=0)

    assert len(X) == 20


def test_more_categories_than_letters():
    X, _ = make_categorical_regression(n_samples=703, n_categories=703, random_state=0)

    names = X["cat"].cat.categories.tolist()
    assert names[:2] == ["a", "b"]
    assert names[25:28] == ["z", "aa", "ab"]
    assert names[701:] == ["zz", "aaa"]
    assert X["cat"].nunique() == 703


def test_one_hot_encoder_takes_the_category():
    X, _ = make_categorical_regression(n_samples=20, n_categories=2, random_state=0)
    transformer = ColumnTransformer(
        [("numbers", "passthrough", NUMBERS), ("category", OneHotEncoder(sparse_output=False), ["cat"])]
    )

    encoded = transformer.fit_transform(X)
    assert encoded.shape == (20, 12)
    np.testing.assert_array_equal(encoded[:, 10], (X["cat"] == "a").astype(float))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"n_samples": 0}, ValueError, "n_samples=0 is too small; give at least 1"),
        ({"n_samples": 10.5}, TypeError, "n_samples=10.5 is no integer"),
        ({"n_samples": True}, TypeError, "n_samples=True is no integer"),
        ({"n_categories": 0}, ValueError, "n_categories=0 is too small; give at least 1"),
        ({"n_categories": "two"}, TypeError, "n_categories='two' is no integer"),
        ({"n_categories": 3, "n_samples": 2}, ValueError, "n_categories=3 needs a row for each, but n_samples=2"),
        ({"n_numeric": 0}, ValueError, "n_numeric=0 is too small; give at least 1"),
        ({"n_informative": -1}, ValueError, "n_informative=-1 is too small; give at least 0"),
        ({"n_informative": 11}, ValueError, "n_informative=11 exceeds n_numeric=10"),
        ({"noise": -1.0}, ValueError, "noise=-1.0 is no standard deviation"),
        ({"noise": float("nan")}, ValueError, "noise=nan is no standard deviation"),
        ({"noise": float("inf")}, ValueError, "noise=inf is no standard deviation"),
        ({"noise": None}, TypeError, "noise=None is no number"),
    ],
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=f"^{message}.*"):
        make_categorical_regression(**arguments)
