"""What is prepared before any fit starts; tests/test_bad_input.py lists what is refused."""

import re
import sys

import lightgbm
import numpy as np
import pytest
from sklearn.base import is_classifier
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from multisearch import EarlyStopping, MultiModelSearchCV
from multisearch.arguments import prepare


def test_a_missing_library(regression, monkeypatch):
    model = lightgbm.LGBMRegressor()
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    search = MultiModelSearchCV([("trees", model, {})], early_stopping=EarlyStopping())
    with pytest.raises(ImportError, match=re.escape("pip install 'multisearch[lightgbm]'")):
        search.fit(*regression)


def test_keras_classifiers_are_taken_for_what_they_are(classification):
    from scikeras.wrappers import KerasClassifier

    X, y = classification
    search = MultiModelSearchCV([("keras", Pipeline([("scale", StandardScaler()), ("model", KerasClassifier())]), {})])
    preparation = prepare(search, X, y, {})
    assert preparation.problem.kind == "classifier"
    for fold, (train, test) in zip(preparation.problem.folds[0], StratifiedKFold(5).split(X, y), strict=True):
        np.testing.assert_array_equal(fold.train, train)
        np.testing.assert_array_equal(fold.test, test)
    assert is_classifier(search)
