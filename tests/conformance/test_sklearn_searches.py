"""scikit-learn's own tests for its searches, run on MultiModelSearchCV in this process."""

import re
from pathlib import Path

import pytest
import sklearn
from adapters import GridSearchAdapter, RandomizedSearchAdapter
from sklearn_tests import DIFFERS_EVERYWHERE, least_cases, n_cases, searches_tested_with

PAGE = Path(__file__).parents[2] / "docs" / "conformance_exceptions.md"


class GridSearchInline(GridSearchAdapter):
    scheduler = "inline"


class RandomizedSearchInline(RandomizedSearchAdapter):
    scheduler = "inline"


FOUND = searches_tested_with(
    GridSearchInline, RandomizedSearchInline, DIFFERS_EVERYWHERE, name="sklearn_searches_inline"
)
globals().update(FOUND)

pytestmark = [pytest.mark.filterwarnings("default")]


def test_no_fewer_cases_are_found_than_scikit_learn_has():
    assert n_cases(FOUND.values()) >= least_cases()


def test_the_page_says_how_many_there_are():
    page = PAGE.read_text()
    if f"scikit-learn {sklearn.__version__}:" in page:
        rows = re.findall(r"^\| (?:in this process|on local worker processes) .*?\|(.*)\|$", page, flags=re.MULTILINE)
        cases = [sum(map(int, row.split("|"))) for row in rows]
        assert cases == [n_cases(FOUND.values())] * 2
        assert int(rows[0].split("|")[1]) == n_cases(FOUND[name] for name in DIFFERS_EVERYWHERE)
