import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.cluster import KMeans
from sklearn.ensemble import IsolationForest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from multisearch.families import (
    active_steps,
    has_last_step,
    is_plain_pipeline,
    is_resampling_pipeline,
    kind_of,
    last_step,
    prefix_of_last_step,
    without_sampling,
)


class Resampling(Pipeline):
    def fit(self, X, y=None, **params):
        return super().fit(X, y, **params)


class Named(Pipeline):
    pass


class QuietClassifier(BaseEstimator, ClassifierMixin):
    """Derives from its mixin too late for the mixin's tags, as scikeras' classifiers do."""

    def fit(self, X, y):
        return self


class QuietRegressor(BaseEstimator, RegressorMixin):
    def fit(self, X, y):
        return self


class Shapeless(BaseEstimator):
    def fit(self, X, y=None):
        return self


def pipeline_of(model, kind=Pipeline, **steps):
    return kind([*steps.items(), ("model", model)])


def test_only_pipelines_that_scikit_learn_fits_are_plain():
    assert is_plain_pipeline(pipeline_of(Ridge()))
    assert is_plain_pipeline(pipeline_of(Ridge(), Named))
    assert not is_plain_pipeline(pipeline_of(Ridge(), Resampling))
    assert not is_plain_pipeline(Ridge())


def test_the_last_step_is_the_model_where_it_can_be_told():
    model = Ridge()
    resampling = pipeline_of(model, Resampling)

    assert last_step(pipeline_of(model, scale=StandardScaler())) is model
    assert last_step(model) is model
    assert last_step(resampling) is resampling


class Half:
    """A sampler, which changes rows only where a model is fitted."""

    def fit_resample(self, X, y):
        return X[::2], y[::2]


def test_the_last_step_of_a_pipeline_with_samplers_is_a_model_too():
    from imblearn.pipeline import Pipeline as Sampling

    class OwnFit(Sampling):
        def fit(self, X, y=None, **params):
            return super().fit(X, y, **params)

    model = Ridge()
    for kind, has_one in [(Pipeline, True), (Sampling, True), (Named, True), (Resampling, False), (OwnFit, False)]:
        pipeline = pipeline_of(model, kind, scale=StandardScaler())
        assert has_last_step(pipeline) is has_one
        assert last_step(pipeline) is (model if has_one else pipeline)
        assert prefix_of_last_step(pipeline) == ("model__" if has_one else "")
        assert is_resampling_pipeline(pipeline) is (kind is Sampling)
    assert not is_plain_pipeline(pipeline_of(model, Sampling))
    assert active_steps(pipeline_of(model, Sampling, scale=StandardScaler())) == []


def test_samplers_leave_alone_what_passes_transformers():
    from imblearn.pipeline import Pipeline as Sampling

    X = np.arange(12.0).reshape(-1, 2)
    steps = {"scale": StandardScaler(), "none": "passthrough", "half": Half(), "again": MinMaxScaler()}
    pipeline = pipeline_of(Ridge(), Sampling, **steps).fit(X, X[:, 0])
    expected = pipeline["again"].transform(pipeline["scale"].transform(X))

    np.testing.assert_array_equal(without_sampling(pipeline, X), expected)
    assert len(expected) == len(X)


def test_active_steps_are_the_transformers_that_do_something():
    scale, again = StandardScaler(), MinMaxScaler()
    pipeline = pipeline_of(Ridge(), one=scale, two="passthrough", three=None, four=again)

    assert active_steps(pipeline) == [("one", scale), ("four", again)]
    assert active_steps(pipeline_of(Ridge(), Resampling, one=scale)) == []
    assert active_steps(Ridge()) == []


@pytest.mark.parametrize(
    ("estimator", "kind"),
    [
        (Ridge(), "regressor"),
        (LogisticRegression(), "classifier"),
        (KMeans(), "clusterer"),
        (IsolationForest(), "outlier_detector"),
        (Shapeless(), None),
    ],
)
def test_a_kind_is_what_the_estimator_announces_alone_or_in_a_pipeline(estimator, kind):
    assert kind_of(estimator) == kind
    assert kind_of(pipeline_of(estimator, scale=StandardScaler())) == kind


@pytest.mark.parametrize(("estimator", "kind"), [(QuietClassifier(), "classifier"), (QuietRegressor(), "regressor")])
def test_the_mixin_tells_the_kind_of_who_does_not_announce_it(estimator, kind):
    assert kind_of(estimator) == kind
    assert kind_of(pipeline_of(pipeline_of(estimator))) == kind
