import pytest
from fuzz import _properties
from fuzz._profiles import short
from hypothesis import given
from hypothesis import strategies as st

# What is found is made small, for which hypothesis takes up to five minutes
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@short(60)
@given(st.data())
def test_short_cuts_change_nothing(data):
    _properties.short_cuts(data.draw)


@short(25)
@given(st.data())
def test_a_journal_changes_nothing(data):
    _properties.journal(data.draw)


@short(20)
@given(st.data())
def test_a_plain_search_of_one_estimator_is_grid_search_cv(data):
    _properties.grid_search(data.draw)


@short(3)
@given(st.data())
def test_local_workers_change_nothing(data):
    _properties.workers(data.draw)
