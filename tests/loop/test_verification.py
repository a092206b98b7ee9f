"""Short cuts that are broken on purpose: the check that every search makes finds them, and the results are right."""

import random
import warnings

import numpy as np
import pytest
from helpers import assert_same_results
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from multisearch import MultiModelSearchCV, read_journal
from multisearch._fingerprint import Fingerprints
from multisearch._records import (
    DIFFERS,
    EQUAL,
    EQUAL_SETTINGS,
    JOURNAL,
    KERAS_EPOCHS,
    NO_RESULT,
    NOT_REPRODUCIBLE,
    NOT_SEEDED,
    OTHER_HARDWARE,
    PATHS,
    SHARED_STEPS,
    TOO_DEAR,
    TRANSFORMED_ROWS,
    Batch,
    BatchResult,
    Candidate,
    Outcome,
)
from multisearch.arguments import _prepare, prepare
from multisearch.callbacks import Callback
from multisearch.engines._inline import InlineEngine
from multisearch.estimator import _fitted_attributes
from multisearch.families._sklearn_ensembles import SklearnEnsembleFamily
from multisearch.fitting import _worker
from multisearch.journal import Entry, Journal
from multisearch.loop import Search
from multisearch.loop._verification import Verification
from multisearch.planning import Checks, Slots, _tree

FAULT = "A short cut of the search has changed a result"
MANY_ALPHAS = list(np.logspace(-2, 2, 40))
IDLE = Slots(1, 0.0, is_idle=True)


def pipeline(model=None, **steps):
    return Pipeline([*(steps or {"scale": StandardScaler()}).items(), ("model", Ridge() if model is None else model)])


def scaled_ridge(**arguments):
    return MultiModelSearchCV([("ridge", pipeline(), {"model__alpha": MANY_ALPHAS})], cv=5, **arguments)


def verdicts(search):
    return {(check.estimator, check.short_cut): check.verdict for check in search.search_stats_.checks}


def plain(search, X, y):
    """Return what the same search gives without short cuts."""
    params = search.get_params(deep=False) | {"optimize": False, "journal": None}
    return MultiModelSearchCV(**params).fit(X, y)


@pytest.fixture
def generous(monkeypatch):
    """Let checks take as long as they like, so that searches can be small."""
    monkeypatch.setattr(_prepare, "SHARE", 1000.0)


# What is sound


def test_by_default_every_short_cut_is_checked_once_for_each_estimator(regression):
    forest = pipeline(RandomForestRegressor(random_state=0))
    sizes = {"model__n_estimators": [1, 5, 10, 20], "model__max_depth": [2, 3, 4, 5]}
    search = MultiModelSearchCV(
        [("ridge", pipeline(), {"model__alpha": MANY_ALPHAS}), ("forest", forest, sizes)], cv=5
    ).fit(*regression)
    assert set(verdicts(search).values()) == {EQUAL}
    assert set(verdicts(search)) >= {
        ("ridge", SHARED_STEPS),
        ("ridge", TRANSFORMED_ROWS),
        ("forest", PATHS),
        ("forest", EQUAL_SETTINGS),  # its scaler was made for the ridge
    }
    checks = search.search_stats_.checks
    assert len(checks) == len(verdicts(search))
    assert all(check.seconds > 0 for check in checks)


def test_the_fits_of_checks_are_not_among_those_of_the_search(regression):
    stats = scaled_ridge().fit(*regression).search_stats_
    assert EQUAL in {check.verdict for check in stats.checks}
    assert stats.step_fits == 205


def test_what_is_too_dear_is_left_out_and_named(regression):
    search = MultiModelSearchCV([("ridge", pipeline(), {"model__alpha": [1.0, 2.0]})], cv=2).fit(*regression)
    assert verdicts(search) == {("ridge", SHARED_STEPS): TOO_DEAR, ("ridge", TRANSFORMED_ROWS): TOO_DEAR}


def test_without_short_cuts_nothing_is_checked(regression, generous):
    assert scaled_ridge(optimize=False).fit(*regression).search_stats_.checks == ()
    bare = MultiModelSearchCV([("ridge", Ridge(), {"alpha": MANY_ALPHAS})], cv=5)
    assert bare.fit(*regression).search_stats_.checks == ()


# What is broken


def broken_truncate(family, estimator, n_iterations):
    """Leave all trees where they are, and one more."""
    estimator.set_params(n_estimators=n_iterations)


@pytest.fixture
def paths_are_broken(monkeypatch):
    monkeypatch.setattr(SklearnEnsembleFamily, "truncate", broken_truncate)


def forest_search(**arguments):
    space = {"n_estimators": [1, 4, 30], "max_depth": list(range(1, 9))}
    return MultiModelSearchCV(
        [("forest", RandomForestRegressor(random_state=0), space), ("ridge", Ridge(), {"alpha": [0.1, 1.0]})],
        cv=3,
        **arguments,
    )


def test_a_path_that_is_cut_wrongly_is_found(regression, paths_are_broken):
    with pytest.warns(UserWarning, match=FAULT) as given:
        search = forest_search().fit(*regression)
    assert verdicts(search) == {("forest", PATHS): DIFFERS}
    assert_same_results(search.cv_results_, plain(search, *regression).cv_results_)
    (warning,) = (str(one.message) for one in given)
    (check,) = search.search_stats_.checks
    assert f"estimator 'forest', candidate {check.candidate} ({{'max_depth': " in warning
    assert f"split {check.fold}: a score of " in warning
    right = search.cv_results_[f"split{check.fold}_test_score"][check.candidate]
    assert f"but a score of {float(right)} when fitted plainly" in warning
    assert f"It had taken: {PATHS}." in warning
    assert "Please report this" in warning


class WithoutComponents(Fingerprints):
    """Stand in for keys that do not see how many components there are."""

    def __call__(self, *parts):
        return super().__call__(*("PCA" if isinstance(getattr(part, "value", None), PCA) else part for part in parts))


def components_search(**arguments):
    steps = {"scale": StandardScaler(), "reduce": PCA(random_state=0)}
    space = {"reduce__n_components": [1, 2, 3, 4], "model__alpha": MANY_ALPHAS[::4]}
    return MultiModelSearchCV([("ridge", pipeline(**steps), space)], cv=5, **arguments)


def test_steps_that_are_taken_for_equal_and_are_not_are_found(regression, monkeypatch):
    monkeypatch.setattr(_tree, "Fingerprints", WithoutComponents)
    with pytest.warns(UserWarning, match=FAULT):
        search = components_search().fit(*regression)
    assert search.search_stats_.shared_steps == 5
    assert DIFFERS in verdicts(search).values()
    assert_same_results(search.cv_results_, plain(search, *regression).cv_results_)


def test_they_are_found_on_a_cluster_too(regression, generous, monkeypatch, client):
    monkeypatch.setattr(_tree, "Fingerprints", WithoutComponents)
    with pytest.warns(UserWarning, match=FAULT):
        search = components_search().fit(*regression)
    assert search.search_stats_.workers == 2
    assert DIFFERS in verdicts(search).values()
    assert_same_results(search.cv_results_, plain(search, *regression).cv_results_)


def test_wrong_scores_of_transformed_rows_are_found(regression, monkeypatch):
    through_steps = _worker.through_steps
    monkeypatch.setattr(_worker, "through_steps", lambda *given: through_steps(*given) * 1.001)
    with pytest.warns(UserWarning, match=FAULT):
        search = scaled_ridge().fit(*regression)
    assert verdicts(search)["ridge", TRANSFORMED_ROWS] == DIFFERS
    assert_same_results(search.cv_results_, plain(search, *regression).cv_results_)


@pytest.mark.slow
def test_a_keras_loop_that_trains_otherwise_is_found(regression, generous, monkeypatch):
    import keras
    from scikeras.wrappers import KerasRegressor

    from multisearch.families.keras._training import EpochFunctions

    fit = EpochFunctions.fit

    def one_epoch_less(functions, model, params, rows):
        return fit(functions, model, {**params, "epochs": params["epochs"] - 1}, rows)

    def build(meta, compile_kwargs):
        network = keras.Sequential([keras.Input((meta["n_features_in_"],)), keras.layers.Dense(1)])
        network.compile(**compile_kwargs)
        return network

    monkeypatch.setattr(EpochFunctions, "fit", one_epoch_less)
    model = KerasRegressor(build, loss="mse", optimizer="sgd", epochs=3, random_state=0, verbose=0)
    search = MultiModelSearchCV([("keras", model, {"batch_size": [16, 32]})], cv=2)
    with pytest.warns(UserWarning, match=FAULT):
        search.fit(*regression)
    assert verdicts(search)["keras", KERAS_EPOCHS] == DIFFERS
    expected = plain(search, *regression)
    for name in ("split0_test_score", "split1_test_score"):
        np.testing.assert_allclose(search.cv_results_[name], expected.cv_results_[name], rtol=1e-5)
    first, second = (one.best_estimator_.predict(regression[0]) for one in (search, expected))
    np.testing.assert_allclose(first, second, rtol=1e-4)


def test_sound_estimators_keep_their_short_cuts(regression, paths_are_broken):
    search = forest_search()
    search.estimators.append(("scaled", pipeline(), {"model__alpha": MANY_ALPHAS}))
    with pytest.warns(UserWarning, match=FAULT) as given:
        search.fit(*regression)
    assert len(given) == 1
    assert verdicts(search)["scaled", SHARED_STEPS] == EQUAL
    assert_same_results(search.cv_results_, plain(search, *regression).cv_results_)


@pytest.mark.parametrize("is_broken", [True, False])
def test_the_refit_of_a_distrusted_estimator_is_plain(regression, monkeypatch, is_broken):
    refits = []
    refit_candidate = _fitted_attributes.refit_candidate

    def noted(engine, refit, callbacks):
        refits.append(refit)
        return refit_candidate(engine, refit, callbacks)

    monkeypatch.setattr(_fitted_attributes, "refit_candidate", noted)
    search = MultiModelSearchCV(forest_search().estimators[:1], cv=3)
    if is_broken:
        monkeypatch.setattr(SklearnEnsembleFamily, "truncate", broken_truncate)
        with pytest.warns(UserWarning, match=FAULT):
            search.fit(*regression)
    else:
        search.fit(*regression)
    assert [refit.plain for refit in refits] == [is_broken]


class InWaves:
    """Proposes forests of several sizes, three times, and notes what it was told."""

    def __init__(self, waves=3):
        self.told = {}
        self._left = waves

    def ask(self):
        if not self._left:
            return []
        self._left -= 1
        depths = range(1 + 8 * self._left, 9 + 8 * self._left)
        return [{"n_estimators": n_trees, "max_depth": depth} for depth in depths for n_trees in (1, 4, 30)]

    def tell(self, candidate, outcomes):
        self.told[candidate.index] = [outcome.test_scores for outcome in outcomes]


class Notes(Callback):
    def __init__(self):
        self.outcomes = []

    def on_outcome(self, candidate, outcome):
        self.outcomes.append((candidate.index, outcome.fold))


def run_in_waves(regression, notes, **arguments):
    preparation = prepare(forest_search(**arguments), *regression, {})
    sampler = preparation.samplers["forest"] = InWaves()
    engine = InlineEngine()
    engine.start(preparation.problem)
    return Search(preparation, engine, [notes]).run(), sampler


@pytest.mark.slow
def test_later_waves_of_a_distrusted_estimator_take_no_short_cut(regression, paths_are_broken):
    notes = Notes()
    with pytest.warns(UserWarning, match=FAULT) as given:
        result, sampler = run_in_waves(regression, notes)
    assert len(given) == 1
    assert result.distrusted == {"forest"}
    assert len(notes.outcomes) == len(set(notes.outcomes)) == len(result.outcomes)
    expected, _ = run_in_waves(regression, Notes(), optimize=False)
    for place, outcome in expected.outcomes.items():
        assert result.outcomes[place].test_scores == outcome.test_scores
    for index, scores in sampler.told.items():
        assert scores == [expected.outcomes[index, fold].test_scores for fold in range(3)]


def test_failures_that_only_a_short_cut_has_are_found(regression, generous, monkeypatch):
    def fails(*given):
        raise ValueError("broken")

    monkeypatch.setattr(SklearnEnsembleFamily, "truncate", fails)
    search = forest_search().fit(*regression)  # each is fitted alone then
    assert search.failures_.empty
    monkeypatch.setattr(_worker, "handed_out", fails)
    with pytest.warns(UserWarning, match=r"a failure \(ValueError: broken\), but a score of"):
        scaled = scaled_ridge().fit(*regression)
    assert scaled.failures_.empty
    assert_same_results(scaled.cv_results_, plain(scaled, *regression).cv_results_)


@pytest.mark.slow
def test_rows_that_a_broken_short_cut_has_written_into_a_journal_are_replaced(regression, monkeypatch, tmp_path):
    journal = tmp_path / "search.journal"
    with monkeypatch.context() as context:
        context.setattr(SklearnEnsembleFamily, "truncate", broken_truncate)
        context.setattr(_prepare, "SHARE", 0.0)
        wrong = forest_search(journal=journal).fit(*regression)
        context.setattr(_prepare, "SHARE", 1000.0)
        context.setattr(RandomForestRegressor, "__doc__", "")  # nothing that keys depend on
        larger = forest_search(journal=journal)
        larger.estimators[0][2]["n_estimators"] = [1, 2, 4, 30, 50]
        with pytest.warns(UserWarning, match=FAULT):
            larger.fit(*regression)
    expected = plain(larger, *regression)
    assert larger.search_stats_.evaluations_from_journal == wrong.search_stats_.evaluations
    assert_same_results(larger.cv_results_, expected.cv_results_)
    again = forest_search(journal=journal).set_params(estimators=larger.estimators).fit(*regression)
    assert again.search_stats_.evaluations_from_journal == again.search_stats_.evaluations
    assert_same_results(again.cv_results_, expected.cv_results_)
    assert len(read_journal(journal)) == again.search_stats_.evaluations


# What proves nothing


class Noise(TransformerMixin, BaseEstimator):
    """Adds noise to the rows, from one of several sources."""

    def __init__(self, source="numpy"):
        self.source = source

    def fit(self, X, y=None):
        self.n_features_in_ = X.shape[1]
        draw = {"numpy": np.random.rand, "python": random.random, "fresh": np.random.default_rng().random}[self.source]
        self.noise_ = draw()
        return self

    def transform(self, X):
        return X + self.noise_ * np.sign(X)


@pytest.mark.parametrize(
    ("source", "verdict"), [("numpy", NOT_SEEDED), ("python", NOT_SEEDED), ("fresh", NOT_REPRODUCIBLE)]
)
def test_models_that_are_not_seeded_are_exempt(regression, source, verdict):
    noisy = pipeline(add=Noise(source))
    search = MultiModelSearchCV([("noisy", noisy, {"model__alpha": MANY_ALPHAS})], cv=5).fit(*regression)
    assert set(verdicts(search).values()) == {verdict}


def test_a_check_draws_nothing_that_others_would_have_drawn(regression, monkeypatch):
    def drawn(share):
        monkeypatch.setattr(_prepare, "SHARE", share)
        random.seed(3)
        np.random.seed(3)  # noqa: NPY002 - the generator that scikit-learn draws from
        noisy = pipeline(add=Noise())
        search = MultiModelSearchCV([("noisy", noisy, {"model__alpha": MANY_ALPHAS})], cv=5).fit(*regression)
        return search, random.random(), np.random.rand()  # noqa: NPY002

    first, *numbers = drawn(0.0)
    second, *same_numbers = drawn(1000.0)
    assert set(verdicts(first).values()) == {TOO_DEAR}
    assert set(verdicts(second).values()) == {NOT_SEEDED}
    assert numbers == same_numbers
    assert_same_results(first.cv_results_, second.cv_results_)


class Warns(Ridge):
    """Warns in every fit."""

    def fit(self, X, y, sample_weight=None):
        warnings.warn(f"alpha is {self.alpha}", ConvergenceWarning, stacklevel=2)
        return super().fit(X, y, sample_weight)


def test_a_check_gives_no_warnings_and_tells_no_callback(regression, generous):
    arguments = {"cv": 5, "refit": False}
    estimators = [("ridge", pipeline(Warns()), {"model__alpha": MANY_ALPHAS})]
    given = []
    for optimize in (True, False):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            search = MultiModelSearchCV(estimators, optimize=optimize, **arguments).fit(*regression)
        given.append(len(caught))
    assert given == [200, 200]
    preparation = prepare(scaled_ridge(), *regression, {})
    engine, notes = InlineEngine(), Notes()
    engine.start(preparation.problem)
    stats = Search(preparation, engine, [notes]).run().stats
    assert {check.verdict for check in stats.checks} == {EQUAL}
    assert len(notes.outcomes) == 200
    assert search.search_stats_.checks == ()


# Everything


def test_everything_is_verified_on_request(two_pipelines, regression):
    search = MultiModelSearchCV(two_pipelines, cv=3, optimize="verify", return_train_score=True).fit(*regression)
    stats = search.search_stats_
    assert {(check.candidate, check.fold) for check in stats.checks} == {
        (index, fold) for index in range(6) for fold in range(3)
    }
    assert {check.verdict for check in stats.checks} == {EQUAL}
    assert_same_results(search.cv_results_, plain(search, *regression).cv_results_)


def test_everything_is_verified_on_a_cluster(two_pipelines, regression, client):
    search = MultiModelSearchCV(two_pipelines, cv=3, optimize="verify").fit(*regression)
    assert len({(check.candidate, check.fold) for check in search.search_stats_.checks}) == 18
    assert set(verdicts(search).values()) == {EQUAL}


def test_what_the_journal_knows_is_verified_on_request(regression, tmp_path):
    journal = tmp_path / "search.journal"
    first = scaled_ridge(journal=journal, optimize=False).fit(*regression)
    assert scaled_ridge(journal=journal).fit(*regression).search_stats_.checks == ()
    search = scaled_ridge(journal=journal, optimize="verify").fit(*regression)
    assert len(search.search_stats_.checks) == search.search_stats_.evaluations_from_journal == 200
    assert verdicts(search) == {("ridge", JOURNAL): EQUAL}
    assert_same_results(search.cv_results_, first.cv_results_)


def changed(path, **changes):
    """Change the outcome of the first row of a journal; return its place."""
    row = read_journal(path).iloc[0]
    times = (row["fit_time"], row["score_time"], row["seconds"])
    told = {"test_scores": row["test_score"], "hardware": row["hardware"], "threads": int(row["threads"])}
    outcome = Outcome(0, row["fold"], *times, **(told | changes))
    with Journal(path) as journal:
        journal.add([Entry(row["key"], row["estimator"], row["params"], outcome)])
    return MANY_ALPHAS.index(row["params"]["model__alpha"]), row["fold"]


def test_a_journal_that_is_wrong_is_put_right(regression, tmp_path):
    journal = tmp_path / "search.journal"
    first = scaled_ridge(journal=journal).fit(*regression)
    index, fold = changed(journal, test_scores=-7.0)
    trusting = scaled_ridge(journal=journal).fit(*regression)
    assert trusting.cv_results_[f"split{fold}_test_score"][index] == -7.0
    with pytest.warns(
        UserWarning, match=rf"The journal .*search\.journal was wrong.*split {fold}: a score of -7\.0, but"
    ):
        search = scaled_ridge(journal=journal, optimize="verify").fit(*regression)
    assert_same_results(search.cv_results_, first.cv_results_)
    differing = [check for check in search.search_stats_.checks if check.verdict == DIFFERS]
    assert [(check.short_cut, check.candidate, check.fold) for check in differing] == [(JOURNAL, index, fold)]
    again = scaled_ridge(journal=journal).fit(*regression)
    assert again.search_stats_.evaluations_from_journal == 200
    assert_same_results(again.cv_results_, first.cv_results_)


@pytest.mark.parametrize("change", [{"hardware": "a chip of others"}, {"threads": 99}])
def test_a_row_from_other_hardware_is_not_doubted(regression, tmp_path, change):
    journal = tmp_path / "search.journal"
    scaled_ridge(journal=journal).fit(*regression)
    index, fold = changed(journal, test_scores=-7.0, **change)
    search = scaled_ridge(journal=journal, optimize="verify").fit(*regression)
    others = [check for check in search.search_stats_.checks if check.verdict != EQUAL]
    assert [(check.candidate, check.fold, check.verdict) for check in others] == [(index, fold, OTHER_HARDWARE)]
    assert search.cv_results_[f"split{fold}_test_score"][index] == -7.0


# Without a search


RIDGE = Candidate(0, "ridge", {"alpha": 1.0})


def outcome(score, **more):
    return Outcome(0, 0, 1.0, 0.0, 1.0, test_scores=score, **more)


@pytest.fixture
def verification():
    return Verification(Checks(share=None), lambda: 0.0)


def test_a_check_is_one_plain_evaluation_of_which_nobody_is_told(verification):
    verification.note(RIDGE, outcome(0.5, short_cuts=frozenset((PATHS,))))
    batch = verification.next_task(IDLE)
    assert isinstance(batch, Batch)
    assert (batch.parent, batch.plain, batch.again) == (None, True, True)
    assert [(one.candidate, one.fold, one.shorter) for one in batch.evaluations] == [(RIDGE, 0, ())]
    assert verification.next_task(IDLE) is None


@pytest.mark.parametrize("result", [None, BatchResult(())])
def test_a_check_without_a_result_means_nothing(verification, result):
    verification.note(RIDGE, outcome(0.5, short_cuts=frozenset((PATHS,))))
    verification.ended(verification.next_task(IDLE), result)
    assert [check.verdict for check in verification.verdicts()] == [NO_RESULT]
    assert verification.new_faults() == []


def test_a_difference_is_looked_at_again_at_once(verification):
    busy = Slots(1, 1000.0, is_idle=False)
    verification.note(RIDGE, outcome(0.5, short_cuts=frozenset((PATHS,))))
    verification.ended(verification.next_task(IDLE), BatchResult((outcome(0.75),)))
    assert verification.new_faults() == []
    verification.ended(verification.next_task(busy), BatchResult((outcome(0.75),)))
    (fault,) = verification.new_faults()
    assert (fault.outcome.test_scores, fault.plain.test_scores) == (0.5, 0.75)
    assert verification.new_faults() == []
    assert verification.distrusted == {"ridge"}
    assert [(check.verdict, check.seconds) for check in verification.verdicts()] == [(DIFFERS, 2.0)]


def test_a_second_fault_of_a_distrusted_estimator_is_no_news(verification):
    for index in range(2):
        verification.note(Candidate(index, "ridge", {}), outcome(0.5, short_cuts=frozenset((PATHS,))))
    running = [verification.next_task(IDLE) for _ in range(2)]
    for _ in range(2):
        for batch in running:
            verification.ended(batch, BatchResult((outcome(0.75),)))
        running = [batch for batch in (verification.next_task(IDLE) for _ in range(2)) if batch is not None]
    assert len(verification.new_faults()) == 1
