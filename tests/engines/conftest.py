"""A small problem that every engine is to solve in the same way."""

import pytest

from multisearch import MultiModelSearchCV
from multisearch.arguments import prepare


@pytest.fixture
def preparation(two_pipelines, regression):
    return prepare(MultiModelSearchCV(two_pipelines, cv=3), *regression, {})
