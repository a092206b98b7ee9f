import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.mixture import GaussianMixture
from sklearn.svm import LinearSVC

from multisearch import MultiModelSearchCV


@pytest.mark.parametrize(
    ("model", "method"),
    [
        (LogisticRegression(), "predict"),
        (LogisticRegression(), "predict_proba"),
        (LogisticRegression(), "predict_log_proba"),
        (LogisticRegression(), "decision_function"),
        (GaussianMixture(random_state=0), "score_samples"),
        (KMeans(2, n_init=1, random_state=0), "transform"),
        (PCA(2), "transform"),
    ],
)
def test_what_the_best_estimator_can_do_the_search_can(model, method, classification):
    X, y = classification
    search = MultiModelSearchCV([("only", model, {})], cv=2)
    assert hasattr(search, method)
    with pytest.raises(NotFittedError):
        getattr(search, method)(X)
    search.fit(X, y)
    np.testing.assert_array_equal(getattr(search, method)(X), getattr(search.best_estimator_, method)(X))


def test_a_transformation_can_be_undone(regression):
    X, y = regression
    search = MultiModelSearchCV([("pca", PCA(8), {})], cv=2).fit(X, y)
    np.testing.assert_allclose(search.inverse_transform(search.transform(X)), X)


def test_before_the_fit_every_estimator_has_to_have_the_method():
    both = [("logistic", LogisticRegression(), {}), ("svc", LinearSVC(), {})]
    assert not hasattr(MultiModelSearchCV(both), "predict_proba")
    assert hasattr(MultiModelSearchCV(both), "decision_function")


def test_without_a_refit_there_is_nobody_to_ask(regression):
    search = MultiModelSearchCV([("ridge", Ridge(), {})], refit=False).fit(*regression)
    assert not hasattr(search, "predict")
    with pytest.raises(AttributeError, match="score is available only after refitting"):
        search.score(*regression)


def test_attributes_of_an_unfitted_search_are_missing():
    search = MultiModelSearchCV([("ridge", Ridge(), {})])
    assert not hasattr(search, "n_features_in_")
    assert not hasattr(search, "classes_")
