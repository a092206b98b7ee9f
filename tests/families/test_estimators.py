import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.cluster import KMeans
from sklearn.ensemble import IsolationForest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from multisearch.families import active_steps, is_plain_pipeline, kind_of, last_step


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
