import pytest
from sklearn.linear_model import Ridge

from multisearch.arguments import check_space


@pytest.fixture
def competitor():
    """Make a competitor around Ridge from its parameters."""

    def make(space, name="ridge"):
        return check_space(name, Ridge(), space)

    return make
