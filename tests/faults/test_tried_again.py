"""What a fault has taken is tried again when the search is; what a fit raised only when the user asks for it."""

import pytest
from faults._estimators import FIT_TIMEOUT, HEALED, OURS, SOUND, among_sound_ones, assert_same_scores
from sklearn.exceptions import FitFailedWarning

from multisearch import MultiModelSearchCV

pytestmark = pytest.mark.timeout(120)

FAULTS = ["killed", "sleeps", "lacks_memory", "NotUnpicklableError"]


@pytest.mark.slow
def test_a_search_is_resumed_after_faults(regression, tmp_path):
    search = MultiModelSearchCV(
        among_sound_ones(FAULTS, tmp_path), cv=2, journal=tmp_path / "journal", fit_timeout=FIT_TIMEOUT, **OURS
    )
    with pytest.warns(FitFailedWarning, match="8 fits failed out of a total of 18"):
        search.fit(*regression)
    assert sorted(search.failures_["kind"]) == ["killed"] * 2 + ["raised"] * 4 + ["timeout"] * 2
    assert_same_scores(search, regression, 4)

    (tmp_path / HEALED).touch()
    with pytest.warns(FitFailedWarning, match="2 fits failed out of a total of 18"):
        search.fit(*regression)
    assert list(search.failures_["candidate"]) == [5, 5]
    assert search.search_stats_.evaluations_from_journal == 2 * (len(SOUND) + 1)

    search.set_params(retry_failed=True).fit(*regression)
    assert search.search_stats_.evaluations_from_journal == 2 * (len(SOUND) + 3)
    assert search.failures_.empty
    assert_same_scores(search, regression, 4, lost=False)
