"""Models and transformers that force their way into rows which they share: scores are those of plain fits."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from faults._estimators import OURS
from helpers import shown
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import Ridge
from sklearn.metrics import make_scorer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from multisearch import MultiModelSearchCV

pytestmark = pytest.mark.timeout(240)

CONTAINERS = {
    "array": np.array,
    "csr": scipy.sparse.csr_array,
    "frame": partial(pd.DataFrame, columns=list("abcdefgh")),
}


def arrays_in(X):
    """Return the arrays in which rows keep their numbers."""
    if scipy.sparse.issparse(X):
        return [X.data]
    return [X.to_numpy()] if isinstance(X, pd.DataFrame) else [X]


def dense(X):
    return X.toarray() if scipy.sparse.issparse(X) else np.array(X)


def try_to_write(X):
    """Write if that is allowed; if not, say nothing and give something else back."""
    try:
        for array in arrays_in(X):
            np.multiply(array, 1.5, out=array)
    except ValueError:
        return dense(X) ** 3
    return dense(X)


def unlock_and_write(X):
    """Write, whatever it takes."""
    before = dense(X)
    for array in arrays_in(X):
        array.flags.writeable = True
        array[...] = -(array**2)
    return before


WAYS = {"catches the error": try_to_write, "unlocks": unlock_and_write}


class Model(Ridge):
    def __init__(self, alpha=1.0, *, way="unlocks"):
        super().__init__(alpha=alpha)
        self.way = way

    def fit(self, X, y, sample_weight=None):
        return super().fit(WAYS[self.way](X), y, sample_weight)

    def predict(self, X):
        return super().predict(WAYS[self.way](X))


class Step(TransformerMixin, BaseEstimator):
    """Transforms in its own way, and gives back always the same memory."""

    def __init__(self, way="unlocks", factor=1.0):
        self.way = way
        self.factor = factor

    def fit(self, X, y=None):
        WAYS[self.way](X)
        self.memory_ = np.empty((0, 0))
        return self

    def transform(self, X):
        seen = WAYS[self.way](X) * self.factor
        if self.memory_.shape[0] < len(seen):
            self.memory_ = np.empty(seen.shape)
        self.memory_[: len(seen)] = seen
        return self.memory_[: len(seen)]


class Tiring(TransformerMixin, BaseEstimator):
    """Transforms less and less, the more often it is asked."""

    def __init__(self, strength=1.0):
        self.strength = strength

    def fit(self, X, y=None):
        self.n_asked_ = 0
        return self

    def transform(self, X):
        self.n_asked_ += 1
        return X * self.strength / self.n_asked_


class Uncopyable(Tiring):
    """Has something that exists only once."""

    def fit(self, X, y=None):
        self.only_one_ = (one for one in X)
        return super().fit(X, y)


def scores(pipeline, space, rows, **arguments):
    """Return all scores of a search with short cuts and of one without."""
    found = []
    for optimize in (True, False):
        here = arguments if optimize else {name: arguments[name] for name in arguments if name == "scoring"}
        search = MultiModelSearchCV(
            [("one", pipeline, space)], cv=3, refit=False, optimize=optimize, return_train_score=True, **here
        ).fit(*rows)
        assert search.failures_.empty
        assert (search.search_stats_.shared_steps > 0) == optimize
        table = search.cv_results_
        found.append({name: table[name] for name in table if name.startswith("split")})
    return found


def assert_the_same(found):
    optimized, plain = found
    assert optimized.keys() == plain.keys()
    for name in plain:
        np.testing.assert_array_equal(optimized[name], plain[name], err_msg=name)


@pytest.fixture(params=["inline", "ours", "a cluster"])
def place(request):
    """Give the arguments of a search in this process, on workers of our own, or on a cluster."""
    if request.param == "a cluster":
        request.getfixturevalue("client")
        return {}
    return OURS if request.param == "ours" else {"scheduler": "inline"}


@pytest.fixture(params=CONTAINERS)
def container(request):
    return request.param


@pytest.mark.parametrize("way", WAYS)
def test_a_model_at_the_end(place, regression, container, way):
    scale = StandardScaler(with_mean=False)
    if container == "frame":
        scale.set_output(transform="pandas")
    pipeline = Pipeline([("scale", scale), ("model", Model(way=way))])
    space = {"scale__with_std": [True, False], "model__alpha": [0.1, 10.0, 1000.0]}

    rows = CONTAINERS[container](regression[0]), regression[1]
    assert_the_same(scores(pipeline, space, rows, **place))


@pytest.mark.parametrize("way", WAYS)
def test_a_transformer_in_between(place, regression, container, way):
    scale = StandardScaler(with_mean=False)
    if container == "frame":
        scale.set_output(transform="pandas")
    pipeline = Pipeline([("scale", scale), ("step", Step(way)), ("model", Ridge())])
    space = {"step__factor": [1.0, 0.01], "model__alpha": [0.1, 10.0, 1000.0]}

    rows = CONTAINERS[container](regression[0]), regression[1]
    assert_the_same(scores(pipeline, space, rows, **place))


def step_count(pipeline, X, y):
    """Score a whole pipeline by how its steps are, and change them."""
    tired = pipeline.named_steps["tire"]
    before = float(tired.n_asked_) + pipeline.score(X, y)
    tired.n_asked_ += 5
    return before


def first_mean(pipeline, X, y):
    scale = pipeline.named_steps["scale"]
    before = float(scale.mean_[0])
    scale.mean_ += 100
    return before


@pytest.mark.parametrize(
    "scoring", ["r2", ["r2", "neg_mean_squared_error"], step_count, {"a": "r2", "b": step_count}], ids=shown
)
def test_a_transformer_that_transforms_otherwise_each_time(regression, scoring):
    pipeline = Pipeline([("tire", Tiring()), ("scale", FunctionTransformer(np.sinh)), ("model", Ridge())])
    space = {"tire__strength": [0.5, 0.1], "model__alpha": [0.1, 10.0, 1000.0]}

    assert_the_same(scores(pipeline, space, regression, scoring=scoring))


def test_a_transformer_that_transforms_otherwise_each_time_for_metrics_that_ask_in_two_ways(classification):
    from sklearn.linear_model import LogisticRegression

    pipeline = Pipeline([("tire", Tiring()), ("model", LogisticRegression(max_iter=50))])
    space = {"model__C": [0.1, 10.0]}

    assert_the_same(scores(pipeline, space, classification, scoring=["accuracy", "neg_log_loss", "roc_auc_ovr"]))


def test_what_a_scorer_does_to_a_pipelines_steps_reaches_no_other(regression):
    pipeline = Pipeline([("scale", StandardScaler()), ("model", Ridge())])

    assert_the_same(scores(pipeline, {"model__alpha": [0.1, 10.0, 1000.0]}, regression, scoring=first_mean))


def spoiling_error(y, predictions):
    error = float(np.mean(np.abs(y - predictions)))
    y[:] = 0
    predictions[:] = 0
    return error


def test_a_metric_that_writes(regression):
    from sklearn.ensemble import RandomForestRegressor

    forest = RandomForestRegressor(random_state=0)
    pipeline = Pipeline([("scale", StandardScaler()), ("model", forest)])
    space = {"model__n_estimators": [2, 4, 6], "model__max_depth": [2, 3]}

    assert_the_same(scores(pipeline, space, regression, scoring=make_scorer(spoiling_error)))


def test_what_cannot_be_copied_is_fitted_for_everybody_alone(regression):
    pipeline = Pipeline(
        [
            ("scale", StandardScaler()),
            ("tire", Uncopyable()),
            ("wide", FunctionTransformer(np.sinh)),
            ("model", Ridge()),
        ]
    )
    space = {"tire__strength": [0.5, 0.1], "wide__func": [np.sinh, np.cbrt], "model__alpha": [0.1, 10.0]}

    assert_the_same(scores(pipeline, space, regression))
