import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from multisearch import MultiModelSearchCV
from multisearch._records import CaughtWarning, Failure
from multisearch.arguments import prepare
from multisearch.callbacks import Callback
from multisearch.engines._inline import InlineEngine
from multisearch.loop import Search, exception_of, give_warnings


class InWaves:
    """Proposes one setting at a time, and each time the best so far, halved."""

    def __init__(self):
        self.told = []

    def ask(self):
        if len(self.told) == 3:
            return []
        return [{"alpha": 8.0 / 2 ** len(self.told)}]

    def tell(self, candidate, outcomes):
        self.told.append((candidate.params["alpha"], np.mean([outcome.test_scores for outcome in outcomes])))


class Notes(Callback):
    def __init__(self):
        self.events = []

    def on_start(self, n_candidates, n_folds):
        self.events.append(("start", n_candidates, n_folds))

    def on_outcome(self, candidate, outcome):
        self.events.append(("outcome", candidate.index, outcome.fold))

    def on_candidate(self, candidate, mean_test_scores):
        self.events.append(("candidate", candidate.index, mean_test_scores))


def run(preparation, callbacks=()):
    engine = InlineEngine()
    engine.start(preparation.problem)
    return Search(preparation, engine, callbacks).run()


@pytest.fixture
def preparation(regression):
    return prepare(MultiModelSearchCV([("ridge", Ridge(), {"alpha": [1.0, 2.0]})], cv=2), *regression, {})


def test_samplers_that_learn_are_asked_until_they_are_done(preparation):
    sampler = InWaves()
    preparation.samplers["ridge"] = sampler
    result = run(preparation)
    assert [setting for setting, _ in sampler.told] == [8.0, 4.0, 2.0]
    assert [candidate.index for candidate in result.candidates] == [0, 1, 2]
    assert len(result.outcomes) == 6


def test_callbacks_are_told_every_event_in_order(preparation):
    notes = Notes()
    result = run(preparation, [notes])
    assert notes.events[0] == ("start", 2, 2)
    assert {event[1:] for event in notes.events if event[0] == "outcome"} == {(0, 0), (0, 1), (1, 0), (1, 1)}
    means = {event[1]: event[2] for event in notes.events if event[0] == "candidate"}
    for index, mean in means.items():
        assert mean == {"score": np.mean([result.outcomes[index, fold].test_scores for fold in range(2)])}


def test_what_was_spent_adds_up(preparation):
    stats = run(preparation).stats
    assert stats.evaluations == 4
    assert stats.step_fits == 4
    assert 0 < stats.busy_seconds <= stats.wall_seconds


def test_failures_are_raised_as_themselves_or_as_text():
    with pytest.raises(KeyError, match="gone"):
        raise exception_of(Failure("KeyError: gone", "Traceback ...", KeyError("gone")))
    with pytest.raises(RuntimeError, match=r"KeyError: gone\n\nTraceback"):
        raise exception_of(Failure("KeyError: gone", "Traceback ..."))


def test_warnings_of_one_kind_are_given_once():
    first = CaughtWarning("gap of 3", UserWarning, "model.py", 3)
    same_kind = CaughtWarning("gap of 4", UserWarning, "model.py", 3)
    other = CaughtWarning("gap of 4", UserWarning, "model.py", 7)
    with pytest.warns(UserWarning, match="gap") as given:
        give_warnings([first, same_kind, other, first])
    assert [str(one.message) for one in given] == ["gap of 3", "gap of 4"]


def test_steps_that_a_setting_leaves_out_are_not_counted(regression):
    pipeline = Pipeline([("scale", StandardScaler()), ("model", Ridge())])
    space = [{"scale": ["passthrough"], "model__alpha": [1.0, 2.0]}, {"model__alpha": [1.0, 2.0]}]
    search = MultiModelSearchCV([("ridge", pipeline, space)], cv=5)
    assert search.fit(*regression).search_stats_.step_fits == 5 * (2 + 2 + 1)


class WithCode(UserWarning):
    def __init__(self, code, text):
        super().__init__(text)


def test_a_warning_that_is_made_from_more_than_its_text_is_given_as_text():
    with pytest.warns(UserWarning, match="WithCode: careful"):
        give_warnings([CaughtWarning("careful", WithCode, "model.py", 3)])


def test_callbacks_are_told_the_means_of_all_metrics_and_nothing_where_a_fold_has_failed(regression):
    def error_or_none(model, X, y):
        return {"r2": model.score(X, y), "error": -1.0}

    space = {"alpha": [1.0, -1.0]}
    search = MultiModelSearchCV([("ridge", Ridge(), space)], cv=2, scoring=error_or_none)
    notes = Notes()
    result = run(prepare(search, *regression, {}), [notes])
    told = {event[1]: event[2] for event in notes.events if event[0] == "candidate"}
    r2 = np.mean([result.outcomes[0, fold].test_scores["r2"] for fold in range(2)])
    assert told == {0: {"r2": r2, "error": -1.0}, 1: {}}
