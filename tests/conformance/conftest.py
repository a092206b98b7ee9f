"""What scikit-learn's tests expect of a conftest."""

import pytest


@pytest.fixture
def global_random_seed():
    return 42
