import pickle
import sys
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from multisearch.fitting import StepResult
from multisearch.fitting._shared import handed_out, through_steps


class Counting(TransformerMixin, BaseEstimator):
    """Counts its fits, by name."""

    fits: ClassVar[dict[str, int]] = {}

    def __init__(self, name):
        self.name = name

    def fit(self, X, y=None):
        self.fits[self.name] = self.fits.get(self.name, 0) + 1
        self.means_ = X.mean(axis=0)
        return self

    def transform(self, X):
        return X - self.means_


@pytest.fixture
def pipeline():
    Counting.fits.clear()
    return Pipeline([("one", Counting("one")), ("no", "passthrough"), ("two", Counting("two")), ("model", Ridge())])


def first_steps(pipeline, X, y, stop, shared=None):
    """Fit a pipeline up to a step; return what that gives."""
    with handed_out(pipeline, shared, stop) as memory:
        pipeline.fit(X, y)
    return StepResult(fitted=tuple(memory.fitted), train=memory.train)


def test_a_fit_ends_after_the_steps_that_were_asked_for(pipeline, regression):
    X, y = regression
    result = first_steps(pipeline, X, y, 1)

    assert Counting.fits == {"one": 1}
    assert [step.name for step in result.fitted] == ["one"]
    np.testing.assert_array_equal(result.train, X - X.mean(axis=0))
    assert not hasattr(pipeline.named_steps["model"], "coef_")


def test_steps_that_are_handed_out_are_not_fitted_again(pipeline, regression):
    X, y = regression
    expected = Ridge().fit(X - X.mean(axis=0), y)
    one = first_steps(pipeline, X, y, 1)
    two = first_steps(pipeline, one.train, y, 2, shared=one)
    with handed_out(pipeline, two):
        pipeline.fit(two.train, y)

    assert Counting.fits == {"one": 1, "two": 1}
    assert [step.name for step in two.fitted] == ["one", "two"]
    np.testing.assert_allclose(pipeline.predict(X), expected.predict(X - X.mean(axis=0)))


def test_steps_after_those_handed_out_are_fitted(pipeline, regression):
    X, y = regression
    one = first_steps(pipeline, X, y, 1)
    with handed_out(pipeline, one):
        pipeline.fit(one.train, y)

    assert Counting.fits == {"one": 1, "two": 1}


@pytest.mark.parametrize("stop", [1, None])
def test_the_users_own_memory_is_put_back_and_never_used(pipeline, regression, tmp_path, stop):
    pipeline.set_params(memory=str(tmp_path))
    with handed_out(pipeline, None, stop):
        pipeline.fit(*regression)

    assert pipeline.memory == str(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_users_own_memory_is_put_back_after_an_error(pipeline):
    with pytest.raises(ValueError, match="own error"), handed_out(pipeline, None):
        raise ValueError("own error")

    assert pipeline.memory is None


def test_an_error_of_a_step_is_not_mistaken_for_the_end(pipeline):
    with pytest.raises(AttributeError, match="mean"):
        first_steps(pipeline, None, None, 1)


def test_fit_transform_is_called_where_it_differs_from_transform(regression):
    class Differing(Counting):
        def fit_transform(self, X, y=None):
            return self.fit(X).transform(X) + 1

    X, y = regression
    result = first_steps(Pipeline([("differ", Differing("differ")), ("model", Ridge())]), X, y, 1)

    np.testing.assert_array_equal(result.train, result.fitted[0].transform(X) + 1)


def test_rows_pass_through_the_steps_from_one_on_but_not_through_the_model(pipeline, regression):
    X, _ = regression
    pipeline.fit(*regression)
    once = X - X.mean(axis=0)

    np.testing.assert_array_equal(through_steps(pipeline, 0, X), pipeline[:-1].transform(X))
    np.testing.assert_array_equal(through_steps(pipeline, 1, once), pipeline.named_steps["two"].transform(once))
    assert through_steps(pipeline, 2, once) is once


def test_output_configuration_holds_for_handed_out_steps(regression):
    X, y = regression
    pipeline = Pipeline([("scale", StandardScaler()), ("pca", PCA(2)), ("model", Ridge())])
    with config_context(transform_output="pandas"):
        result = first_steps(pipeline, X, y, 1)
        with handed_out(pipeline, result):
            pipeline.fit(X, y)

    assert isinstance(result.train, pd.DataFrame)
    assert pipeline.named_steps["model"].feature_names_in_.tolist() == ["pca0", "pca1"]


def test_steps_that_choose_columns_by_name_see_frames(regression):
    X, y = regression
    frame = pd.DataFrame(X, columns=list("abcdefgh"))
    choose = ColumnTransformer([("scale", StandardScaler(), ["a", "c"])])
    pipeline = Pipeline(
        [("scale", StandardScaler().set_output(transform="pandas")), ("two", choose), ("model", Ridge())]
    )
    one = first_steps(pipeline, frame, y, 1)
    two = first_steps(pipeline, one.train, y, 2, shared=one)

    assert two.train.shape == (len(y), 2)


@pytest.mark.parametrize(
    "rows", [np.zeros((1000, 10)), scipy.sparse.csr_array(np.ones((1000, 10))), pd.DataFrame(np.zeros((1000, 10)))]
)
def test_a_results_size_is_that_of_all_its_rows(rows):
    empty = sys.getsizeof(StepResult())
    one = sys.getsizeof(StepResult(train=rows))
    four = sys.getsizeof(StepResult(train=rows, stopping=rows, test=rows, scored_train=rows))

    assert one - empty >= 79_000
    assert four - empty >= 4 * 79_000


def test_results_travel(regression):
    result = StepResult(fitted=(StandardScaler().fit(regression[0]),), train=regression[0], seconds={"key": 1.0})
    there = pickle.loads(pickle.dumps(result))

    np.testing.assert_array_equal(there.train, result.train)
    np.testing.assert_array_equal(there.fitted[0].mean_, result.fitted[0].mean_)
