"""A transformer or a model writes into the rows that it gets: scores are as alone, and the caller's rows unchanged."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline

from multisearch import MultiModelSearchCV

pytestmark = pytest.mark.timeout(240)

SPACE = {"scale__factor": [1.0, 3.0], "model__alpha": [0.1, 10.0, 1000.0]}


class ScalesInPlace(TransformerMixin, BaseEstimator):
    def __init__(self, factor=1.0):
        self.factor = factor

    def fit(self, X, y=None):
        self.mean_ = X.mean(axis=0)
        return self

    def transform(self, X):
        X -= self.mean_
        X *= self.factor
        return X


class SpoilsItsRows(Ridge):
    def fit(self, X, y, sample_weight=None):
        super().fit(X.copy(), y, sample_weight)
        X[:] = 0
        return self

    def predict(self, X):
        predicted = super().predict(X)
        X[:] = 0
        return predicted


@pytest.mark.parametrize("as_given", ["writeable", "locked", "memmap"])
def test_writing_into_rows(anywhere, regression, tmp_path, as_given):
    pipeline = Pipeline([("scale", ScalesInPlace()), ("model", SpoilsItsRows())])
    X, y = regression[0].copy(), regression[1].copy()
    if as_given == "memmap":
        np.save(tmp_path / "X.npy", X)
        X = np.load(tmp_path / "X.npy", mmap_mode="r")
    elif as_given == "locked":
        X.flags.writeable = False
    search = MultiModelSearchCV([("ridge", pipeline, SPACE)], cv=3, **anywhere).fit(X, y)
    np.testing.assert_array_equal(X, regression[0])
    np.testing.assert_array_equal(y, regression[1])
    assert search.failures_.empty
    assert search.search_stats_.shared_steps == 2 * 3
    alone = GridSearchCV(pipeline, SPACE, cv=3, refit=False).fit(np.array(X), y)
    for fold in range(3):
        name = f"split{fold}_test_score"
        np.testing.assert_array_equal(alone.cv_results_[name], search.cv_results_[name])
