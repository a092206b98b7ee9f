"""Whatever a fit raises is an outcome with a traceback, wherever it runs; nothing hangs."""

import pytest
from faults._estimators import ERRORS, OURS, Faulty, FaultyStep, among_sound_ones, assert_same_scores
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline

from multisearch import MultiModelSearchCV

pytestmark = pytest.mark.timeout(240)

ON_WORKERS = [*ERRORS, "RecursionError"]
INLINE = [name for name in ON_WORKERS if name != "KeyboardInterrupt"]  # there it is the user's


def assert_outcomes(names, regression, tmp_path, **place):
    search = MultiModelSearchCV(among_sound_ones(names, tmp_path), cv=2, **place)
    with pytest.warns(FitFailedWarning, match=f"{2 * len(names)} fits failed") as given:
        search.fit(*regression)
    assert len([one for one in given if one.category is FitFailedWarning]) == 1
    assert_same_scores(search, regression, len(names))
    failures = search.failures_.sort_values(["candidate", "fold"])
    assert list(failures["candidate"]) == [row for row in range(2, 2 + len(names)) for _ in range(2)]
    assert list(failures["fold"]) == [0, 1] * len(names)
    assert set(failures["kind"]) == {"raised"}
    assert [message.partition(":")[0] for message in failures["message"]] == [n for n in names for _ in range(2)]
    assert failures["traceback"].str.contains("in happen").all()


def test_on_workers(anywhere, regression, tmp_path):
    assert_outcomes(ON_WORKERS, regression, tmp_path, **anywhere)


def test_inline(regression, tmp_path):
    assert_outcomes(INLINE, regression, tmp_path, scheduler="inline")


@pytest.mark.parametrize("name", ["SystemExit", "KeyboardInterrupt", "ExitsWhenPickledError"])
def test_in_a_shared_step_on_workers(regression, name):
    pipeline = Pipeline([("step", FaultyStep()), ("model", Ridge())])
    space = {"step__fault": ["nothing", name], "model__alpha": [0.1, 10.0]}
    search = MultiModelSearchCV([("ridge", pipeline, space)], cv=2, **OURS)
    with pytest.warns(FitFailedWarning, match="4 fits failed out of a total of 8"):
        search.fit(*regression)
    assert search.failures_["message"].str.startswith(name).all()


@pytest.mark.parametrize("name", ["SystemExit", "KeyboardInterrupt", "SpeechlessError", "ExitsWhenPickledError"])
def test_all_fits_fail(regression, name):
    search = MultiModelSearchCV([("ridge", Faulty(fault=name), {})], cv=2, **OURS)
    with pytest.raises(ValueError, match=f"(?s)All the 2 fits failed.*{name}"):
        search.fit(*regression)
