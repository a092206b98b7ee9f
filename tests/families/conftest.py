import numpy as np
import pytest
from sklearn.base import clone, is_classifier

from multisearch._records import StoppingRule
from multisearch.families import StoppingRows, TrainingRows, family_of


@pytest.fixture
def rule():
    """Make a stopping rule."""

    def make(patience=3, min_delta=0.0, monitor=None):
        return StoppingRule(patience, min_delta, monitor, refit_iterations="mean", variant=1)

    return make


@pytest.fixture(scope="session")
def noisy():
    """Return training and stopping rows on which boosted trees soon learn nothing but noise."""
    random = np.random.default_rng(5)
    X = random.normal(size=(160, 4))
    y = X[:, 0] + np.abs(X[:, 1]) + random.normal(scale=0.8, size=160)
    return TrainingRows(X[:100], y[:100]), StoppingRows(X[100:], y[100:])


@pytest.fixture(scope="session")
def noisy_classes(noisy):
    """Return the same rows in three classes with names."""
    training, stopping = noisy
    names = np.array(["low", "middle", "high"])

    def classes(y):
        return names[np.digitize(y, [-0.3, 1.2])]

    return TrainingRows(training.X, classes(training.y)), StoppingRows(stopping.X, classes(stopping.y))


@pytest.fixture
def check_path(noisy, noisy_classes):
    """Check that a model cut down after one large fit predicts to the bit what a small fit alone does."""

    def check(model, name, sizes=(12, 7, 1)):
        training, rows = noisy_classes if is_classifier(model) else noisy
        family = family_of(model)
        assert family.path_parameter(model, model.get_params(deep=False) | {name: sizes[0]}) == name
        cut = clone(model).set_params(**{name: sizes[0]}).fit(training.X, training.y)
        for size in sizes:
            family.truncate(cut, size)
            alone = clone(model).set_params(**{name: size}).fit(training.X, training.y)
            np.testing.assert_array_equal(cut.predict(rows.X), alone.predict(rows.X))
            if hasattr(alone, "predict_proba"):
                np.testing.assert_array_equal(cut.predict_proba(rows.X), alone.predict_proba(rows.X))
            assert cut.score(rows.X, rows.y) == alone.score(rows.X, rows.y)

    return check
