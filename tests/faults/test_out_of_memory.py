"""Memory runs out in a fit: an outcome as any other, whether Python says so or the process is killed for it."""

import pytest
from faults._estimators import ONE_SPLIT, OURS, among_sound_ones, assert_same_scores
from sklearn.exceptions import FitFailedWarning

from multisearch import MultiModelSearchCV

pytestmark = pytest.mark.timeout(240)


@pytest.mark.parametrize("place", [{"scheduler": "inline"}, OURS], ids=["inline", "ours"])
def test_an_allocation_that_the_system_refuses(regression, tmp_path, place):
    search = MultiModelSearchCV(among_sound_ones(["lacks_memory"], tmp_path), cv=2, **place)
    with pytest.warns(FitFailedWarning, match="2 fits failed out of a total of 12"):
        search.fit(*regression)
    assert_same_scores(search, regression, 1)
    assert list(search.failures_["kind"]) == ["raised"] * 2
    assert search.failures_["message"].str.contains("MemoryError: Unable to allocate").all()


@pytest.mark.slow
@pytest.mark.usefixtures("clusters_keep_their_workers")
def test_a_worker_that_its_nanny_kills_for_its_memory(new_cluster, regression, tmp_path):
    new_cluster(1, memory_limit="500MiB")
    search = MultiModelSearchCV(among_sound_ones(["outgrows_the_limit"], tmp_path), cv=ONE_SPLIT)
    with pytest.warns(FitFailedWarning, match="1 fits failed out of a total of 6"):
        search.fit(*regression)
    assert_same_scores(search, regression, 1)
    assert list(search.failures_["kind"]) == ["killed"]
    assert list(search.failures_["candidate"]) == [2]
