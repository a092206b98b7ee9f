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
from multisearch.fitting._shared import handed_out, handed_over, locked, private_copy, through_steps


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


def test_arrays_are_locked_against_writing():
    rows = locked(np.zeros(3))

    with pytest.raises(ValueError, match="read-only"):
        rows[0] = 1


@pytest.mark.parametrize("convert", [scipy.sparse.csr_array, scipy.sparse.csc_matrix, scipy.sparse.coo_array])
def test_sparse_rows_are_locked_against_writing(convert):
    rows = locked(convert(np.eye(3)))

    with pytest.raises(ValueError, match="read-only"):
        rows.data *= 2


def test_nothing_and_lists_can_be_locked_too():
    assert locked(None) is None
    assert locked(["a"]) == ["a"]


@pytest.mark.parametrize(
    "write",
    [
        lambda frame: frame.__setitem__("c", 1),
        lambda frame: frame.__imul__(2),
        lambda frame: frame["a"].__imul__(2),
        lambda frame: frame.loc.__setitem__((0, "a"), 7),
        lambda frame: frame.pop("a"),
        lambda frame: setattr(frame, "columns", ["y", "z"]),
    ],
)
def test_one_users_changes_of_a_frame_reach_nobody_else(write):
    shared = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})
    write(handed_over(shared))

    pd.testing.assert_frame_equal(shared, pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]}))


def test_one_users_changes_of_a_list_reach_nobody_else():
    shared = [["a"], ["b"]]
    own = handed_over(shared)
    own[0].append("c")
    own.append(["d"])

    assert shared == [["a"], ["b"]]


def test_what_is_locked_is_handed_over_without_a_copy():
    array, sparse = np.zeros(3), scipy.sparse.csr_array(np.eye(2))

    assert handed_over(array) is array
    assert handed_over(sparse) is sparse
    assert handed_over(None) is None


@pytest.mark.parametrize("convert", [pd.DataFrame, lambda rows: pd.Series(rows[:, 0])])
def test_what_pandas_copies_on_write_is_handed_over_without_a_copy(convert):
    shared = convert(np.ones((3, 2)))
    copies_on_write = int(pd.__version__.partition(".")[0]) >= 3

    assert handed_over(shared) is not shared
    assert np.shares_memory(handed_over(shared), shared) == copies_on_write


def test_a_private_copy_can_be_written_to_and_keeps_the_memory_order():
    shared = StepResult(
        fitted=("step",),
        train=locked(np.asfortranarray(np.ones((3, 2)))),
        stopping=locked(np.ones(2)),
        test=locked(scipy.sparse.csr_array(np.eye(2))),
        scored_train=pd.DataFrame({"a": [1.0]}),
        seconds={"key": 1.0},
    )
    own = private_copy(shared)
    own.train[0, 0] = own.stopping[0] = own.test.data[0] = 7

    assert own.train.flags.f_contiguous
    assert own.scored_train is not shared.scored_train
    assert (own.fitted, own.seconds) == (shared.fitted, shared.seconds)
    assert (shared.train[0, 0], shared.stopping[0], shared.test.data[0]) == (1, 1, 1)


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
