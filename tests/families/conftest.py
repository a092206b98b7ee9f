import numpy as np
import pytest

from multisearch._records import StoppingRule
from multisearch.families import StoppingRows, TrainingRows


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
