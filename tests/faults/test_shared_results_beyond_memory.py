"""Shared results that together exceed the workers' memory: the search ends as usual, and no worker dies of it."""

import os

import numpy as np
import pytest
from helpers import assert_same_results
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline

from multisearch import MultiModelSearchCV

pytestmark = pytest.mark.timeout(240)

LIMIT = 500 * 2**20
N_ROWS, WIDTH = 2000, 2500  # 40 MB for the rows of one fold


class Widens(TransformerMixin, BaseEstimator):
    def __init__(self, factor=1.0):
        self.factor = factor

    def fit(self, X, y=None):
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X):
        wide = np.zeros((len(X), WIDTH))
        wide[:, : X.shape[1]] = X * self.factor
        return wide


class LooksAtSomeColumns(Ridge):
    def fit(self, X, y, sample_weight=None):
        return super().fit(X[:, :8].copy(), y, sample_weight)

    def predict(self, X):
        return super().predict(X[:, :8].copy())


@pytest.mark.slow
def test_together_they_exceed_the_memory_of_all_workers(new_cluster):
    client = new_cluster(2, memory_limit=LIMIT)
    X = np.random.default_rng(0).standard_normal((N_ROWS, 8))
    y = X.sum(axis=1)
    pipeline = Pipeline([("widen", Widens()), ("model", LooksAtSomeColumns())])
    space = {"widen__factor": np.arange(1.0, 13.0).tolist(), "model__alpha": [0.1, 10.0]}
    before = set(client.run(os.getpid).values())
    search = MultiModelSearchCV([("ridge", pipeline, space)], cv=3, refit=False).fit(X, y)
    assert search.search_stats_.shared_steps * N_ROWS * WIDTH * 8 > 2 * LIMIT
    assert set(client.run(os.getpid).values()) == before
    alone = MultiModelSearchCV([("ridge", pipeline, space)], cv=3, refit=False, scheduler="inline").fit(X, y)
    assert_same_results(alone.cv_results_, search.cv_results_)
