import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from multisearch._fingerprint import Cloned, fingerprint


@pytest.fixture
def rows():
    return np.random.default_rng(0).normal(size=(6, 3))


def test_verbosity_caches_and_processes_do_not_count(tmp_path):
    def steps():
        return [("scale", StandardScaler()), ("reduce", ColumnTransformer([("pca", PCA(2), [0, 1])]))]

    loud = Pipeline(steps(), verbose=True, memory=str(tmp_path)).set_params(reduce__n_jobs=2, reduce__verbose=True)
    quiet = Pipeline(steps()).set_params(reduce__n_jobs=None, reduce__verbose=False)

    assert fingerprint(Cloned(loud)) == fingerprint(Cloned(quiet))


def test_output_configuration_counts():
    assert fingerprint(StandardScaler().set_output(transform="pandas")) != fingerprint(StandardScaler())


def test_metadata_requests_count():
    with config_context(enable_metadata_routing=True):
        asking = StandardScaler().set_fit_request(sample_weight=True)

    assert fingerprint(asking) != fingerprint(StandardScaler())


def test_frozen_estimators_differ_by_what_they_learnt(rows):
    def frozen(on):
        return FrozenEstimator(Pipeline([("scale", StandardScaler().fit(on))]))

    assert fingerprint(frozen(rows)) == fingerprint(frozen(rows.copy()))
    assert fingerprint(frozen(rows)) != fingerprint(frozen(rows * 2))


def test_what_an_ordinary_estimator_learnt_does_not_count_beside_a_frozen_one(rows):
    frozen = FrozenEstimator(StandardScaler().fit(rows))

    assert fingerprint(Cloned([frozen, StandardScaler()])) == fingerprint(Cloned([frozen, StandardScaler().fit(rows)]))


def test_objects_of_any_class_are_told_by_what_pickling_keeps():
    class Rule:
        def __init__(self, limit):
            self.limit = limit

    assert fingerprint(Rule(1)) == fingerprint(Rule(1))
    assert fingerprint(Rule(1)) != fingerprint(Rule(2))


class Lag(TransformerMixin, BaseEstimator):
    """A transformer whose ``memory`` is no cache."""

    def __init__(self, memory=1):
        self.memory = memory


def test_a_parameter_that_only_scikit_learn_gives_no_meaning_counts_elsewhere():
    assert fingerprint(Lag(1)) != fingerprint(Lag(2))
    cached = Pipeline([("lag", Lag())], memory="cache")
    assert fingerprint(Cloned(Pipeline([("lag", Lag())]))) == fingerprint(Cloned(cached))
