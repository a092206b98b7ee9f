import pickle
from collections import Counter

import numpy as np
import pytest
from catboost import CatBoostRegressor
from helpers import assert_same_results
from lightgbm import LGBMClassifier, LGBMRegressor
from scipy.sparse import csr_array, csr_matrix
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import BaggingRegressor, GradientBoostingRegressor, HistGradientBoostingRegressor
from sklearn.exceptions import ConvergenceWarning, FitFailedWarning
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupShuffleSplit, KFold, ShuffleSplit, StratifiedKFold, TimeSeriesSplit
from sklearn.multioutput import MultiOutputRegressor
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from xgboost import XGBRegressor

from multisearch import EarlyStopping, MultiModelSearchCV
from multisearch._records import StoppingRule
from multisearch.arguments import _prepare
from multisearch.arguments._early_stopping import iterations_for_refit
from multisearch.families import last_step


class Witness(TransformerMixin, BaseEstimator):
    """Passes rows on and notes the row numbers (the first column) that it is fitted on and that it transforms."""

    fitted_on: list = []  # noqa: RUF012 - outlives clones on purpose
    transformed: list = []  # noqa: RUF012

    def fit(self, X, y=None):
        self.fitted_on.append(frozenset(X[:, 0].astype(int)))
        return self

    def transform(self, X):
        self.transformed.append(frozenset(X[:, 0].astype(int)))
        return X


FITTED_ON = []
STOPPED_BY = []


def numbers(X):
    return frozenset(X[:, 0].astype(int))


class Notes:
    """A boosted model that notes the rows that it is fitted on and those that it stops by."""

    def fit(self, X, y, **params):
        FITTED_ON.append(numbers(X))
        given = params.get("eval_set", [])
        STOPPED_BY.extend(numbers(rows) for rows, _ in (given if isinstance(given, list) else [given]))
        return super().fit(X, y, **params)


class WitnessedLightGBM(Notes, LGBMRegressor):
    pass


class WitnessedXGBoost(Notes, XGBRegressor):
    pass


class WitnessedCatBoost(Notes, CatBoostRegressor):
    pass


@pytest.fixture
def numbered(regression):
    X, y = regression
    return np.column_stack([np.arange(len(X)), X]), y


@pytest.fixture
def trees():
    return LGBMRegressor(n_estimators=200, learning_rate=0.3, min_child_samples=5, verbose=-1, random_state=0, n_jobs=1)


WITNESSES = {
    "LightGBM": lambda: WitnessedLightGBM(n_estimators=5, verbose=-1, random_state=0, n_jobs=1),
    "XGBoost": lambda: WitnessedXGBoost(n_estimators=5, random_state=0, n_jobs=1),
    "CatBoost": lambda: WitnessedCatBoost(
        n_estimators=5, verbose=0, random_state=0, thread_count=1, allow_writing_files=False
    ),
}


@pytest.fixture(params=WITNESSES)
def witnesses(request, monkeypatch):
    monkeypatch.setattr(_prepare, "SHARE", 0.0)  # a check would be one fit more
    for noted in (Witness.fitted_on, Witness.transformed, FITTED_ON, STOPPED_BY):
        noted.clear()
    return Pipeline([("witness", Witness()), ("model", WITNESSES[request.param]())])


@pytest.mark.parametrize("optimize", [True, False])
def test_no_stopping_or_test_row_reaches_a_fit(witnesses, numbered, optimize):
    X, y = numbered
    search = MultiModelSearchCV(
        [("trees", witnesses, {"model__max_depth": [1, 2]})],
        cv=KFold(3),
        early_stopping=EarlyStopping(validation_fraction=0.25),
        random_state=0,
        refit=False,
        optimize=optimize,
    ).fit(X, y)
    assert search.n_splits_ == 3
    stopping = list(dict.fromkeys(STOPPED_BY))
    assert len(stopping) == 3
    for (train, test), held_back in zip(KFold(3).split(X), stopping, strict=True):
        assert held_back < set(train)
        assert len(held_back) == 20
        fitted = set(train) - held_back
        assert Witness.fitted_on.count(fitted) == (1 if optimize else 2)
        assert FITTED_ON.count(fitted) == 2
        assert held_back in Witness.transformed
        assert set(test) in Witness.transformed
    assert len(set(Witness.fitted_on)) == 3
    assert len(set(FITTED_ON)) == 3


def test_stopping_on_the_fold_uses_its_test_rows_and_trains_on_all_others(witnesses, numbered):
    X, y = numbered
    MultiModelSearchCV(
        [("trees", witnesses, {})], cv=KFold(3), early_stopping=EarlyStopping(validation="fold"), refit=False
    ).fit(X, y)
    assert [frozenset(test) for _, test in KFold(3).split(X)] == STOPPED_BY
    assert [frozenset(train) for train, _ in KFold(3).split(X)] == FITTED_ON


def test_the_last_rows_stop_under_a_time_series_split(witnesses, numbered):
    X, y = numbered
    cv = TimeSeriesSplit(3)
    MultiModelSearchCV(
        [("trees", witnesses, {})], cv=cv, early_stopping=EarlyStopping(validation_fraction=0.2), refit=False
    ).fit(X, y)
    for (train, _), held_back in zip(cv.split(X), STOPPED_BY, strict=True):
        assert held_back == set(train[-len(held_back) :])


def test_whole_groups_stop_when_groups_are_given(witnesses, numbered):
    X, y = numbered
    groups = np.arange(len(X)) // 6
    cv = GroupShuffleSplit(2, random_state=0)
    MultiModelSearchCV(
        [("trees", witnesses, {})], cv=cv, early_stopping=EarlyStopping(validation_fraction=0.25), refit=False
    ).fit(X, y, groups=groups)
    for fitted, held_back in zip(FITTED_ON, STOPPED_BY, strict=True):
        assert not {groups[row] for row in fitted} & {groups[row] for row in held_back}
        assert len({groups[row] for row in held_back}) == 4


def test_a_splitter_chooses_the_stopping_rows(witnesses, numbered):
    X, y = numbered
    validation = ShuffleSplit(1, test_size=7, random_state=5)
    MultiModelSearchCV(
        [("trees", witnesses, {})], cv=KFold(2), early_stopping=EarlyStopping(validation=validation), refit=False
    ).fit(X, y)
    expected = [frozenset(train[next(validation.split(train))[1]]) for train, _ in KFold(2).split(X)]
    assert expected == STOPPED_BY


def test_classes_are_kept_in_proportion(classification):
    X, y = classification
    seen = []

    class Trees(LGBMClassifier):
        def fit(self, X, y, **params):
            seen.append(np.unique(params["eval_set"][0][1], return_counts=True)[1])
            return super().fit(X, y, **params)

    MultiModelSearchCV(
        [("trees", Trees(n_estimators=3, verbose=-1, n_jobs=1), {})],
        cv=2,
        early_stopping=EarlyStopping(validation_fraction=0.4),
        refit=False,
    ).fit(X, y)
    assert len(seen) == 2
    assert all(max(counts) - min(counts) <= 1 for counts in seen)


@pytest.mark.filterwarnings("ignore:The argument 'eval_set' is deprecated")
def test_a_fold_agrees_with_stopping_by_hand(trees, regression):
    import lightgbm

    X, y = regression
    pipeline = Pipeline([("scale", StandardScaler()), ("model", trees)])
    search = MultiModelSearchCV(
        [("trees", pipeline, {})],
        cv=KFold(3),
        early_stopping=EarlyStopping(patience=5, validation_fraction=0.25),
        random_state=7,
        scoring="r2",
    ).fit(X, y)
    for fold, (train, test) in enumerate(KFold(3).split(X)):
        kept, held_back = next(ShuffleSplit(1, test_size=0.25, random_state=7).split(train))
        scaler = StandardScaler().fit(X[train[kept]])
        model = clone(trees)
        model.fit(
            scaler.transform(X[train[kept]]),
            y[train[kept]],
            eval_set=[(scaler.transform(X[train[held_back]]), y[train[held_back]])],
            callbacks=[lightgbm.early_stopping(5, verbose=False)],
        )
        assert search.cv_results_[f"split{fold}_n_iterations"][0] == model.best_iteration_
        assert search.cv_results_[f"split{fold}_test_score"][0] == model.score(scaler.transform(X[test]), y[test])


def test_the_refit_uses_the_iterations_of_the_folds_on_all_rows_without_stopping(trees, regression):
    X, y = regression
    search = MultiModelSearchCV(
        [("trees", trees, {"max_depth": [1, 3]})], early_stopping=EarlyStopping(patience=5), random_state=0
    ).fit(X, y)
    row = search.best_index_
    found = [search.cv_results_[f"split{fold}_n_iterations"][row] for fold in range(5)]
    assert search.best_n_iterations_ == round(np.mean(found))
    assert search.cv_results_["mean_n_iterations"][row] == np.mean(found)
    assert search.cv_results_["std_n_iterations"][row] == pytest.approx(np.std(found))
    by_hand = clone(trees).set_params(**search.best_params_, n_estimators=search.best_n_iterations_).fit(X, y)
    np.testing.assert_array_equal(search.predict(X), by_hand.predict(X))
    assert search.best_estimator_.n_estimators == search.best_n_iterations_


def test_estimators_of_other_families_train_on_all_training_rows(trees, regression):
    estimators = [("trees", trees, {}), ("ridge", Ridge(), {})]
    stopped = MultiModelSearchCV(estimators, early_stopping=EarlyStopping(), random_state=0).fit(*regression)
    plain = MultiModelSearchCV(estimators[1:]).fit(*regression)
    assert stopped.cv_results_["mean_test_score"][1] == plain.cv_results_["mean_test_score"][0]
    assert np.isnan(stopped.cv_results_["mean_n_iterations"][1])
    assert stopped.best_estimator_name_ == "ridge"
    assert stopped.best_n_iterations_ is None


def test_settings_differ_by_estimator_and_unnamed_ones_do_not_stop(trees, regression):
    stops = {"patient": EarlyStopping(patience=50), "hasty": EarlyStopping(patience=1)}
    search = MultiModelSearchCV(
        [("patient", trees, {}), ("hasty", trees, {}), ("never", trees, {})], early_stopping=stops, random_state=0
    ).fit(*regression)
    patient, hasty, never = search.cv_results_["mean_n_iterations"]
    assert hasty < patient
    assert np.isnan(never)


def test_a_setting_may_replace_the_model_by_one_that_cannot_stop(trees, regression):
    pipeline = Pipeline([("scale", StandardScaler()), ("model", trees)])
    search = MultiModelSearchCV(
        [("any", pipeline, {"model": [trees, Ridge()]})], early_stopping=EarlyStopping(), random_state=0
    ).fit(*regression)
    plain = MultiModelSearchCV([("ridge", Pipeline([("scale", StandardScaler()), ("model", Ridge())]), {})])
    plain.fit(*regression)
    assert search.cv_results_["mean_test_score"][1] == plain.cv_results_["mean_test_score"][0]
    np.testing.assert_array_equal(np.isnan(search.cv_results_["mean_n_iterations"]), [False, True])


def test_histogram_gradient_boosting_is_scored_at_its_best_iteration(regression):
    X, y = regression
    model = HistGradientBoostingRegressor(max_iter=60, learning_rate=0.3, min_samples_leaf=5, random_state=0)
    search = MultiModelSearchCV(
        [("histogram", model, {})], cv=KFold(2), early_stopping=EarlyStopping(patience=3), random_state=0, scoring="r2"
    ).fit(X, y)
    for fold, (train, test) in enumerate(KFold(2).split(X)):
        kept, held_back = next(ShuffleSplit(1, test_size=0.1, random_state=0).split(train))
        by_hand = clone(model).set_params(early_stopping=True, n_iter_no_change=3, tol=0.0)
        by_hand.fit(X[train[kept]], y[train[kept]], X_val=X[train[held_back]], y_val=y[train[held_back]])
        best = int(np.argmax(by_hand.validation_score_[1:])) + 1
        staged = list(by_hand.staged_predict(X[test]))[best - 1]
        assert search.cv_results_[f"split{fold}_n_iterations"][0] == best
        expected = 1 - ((y[test] - staged) ** 2).sum() / ((y[test] - y[test].mean()) ** 2).sum()
        assert search.cv_results_[f"split{fold}_test_score"][0] == pytest.approx(expected, abs=1e-12)
    assert search.best_estimator_.n_iter_ == search.best_n_iterations_


def test_workers_stop_where_this_process_stops(trees, regression):
    search = MultiModelSearchCV(
        [("trees", trees, {"max_depth": [1, 3]})], cv=3, early_stopping=EarlyStopping(patience=5), random_state=0
    )
    inline = clone(search).fit(*regression)
    workers = clone(search).set_params(n_jobs=2).fit(*regression)
    assert_same_results(inline.cv_results_, workers.cv_results_)
    np.testing.assert_array_equal(inline.predict(regression[0]), workers.predict(regression[0]))


def test_keras_classifiers_behave_as_classifiers(classification):
    from scikeras.wrappers import KerasClassifier

    X, y = classification
    X, y = X[np.argsort(y)], np.sort(y)  # so that folds that look at no class would lack one
    search = MultiModelSearchCV(
        [("keras", Pipeline([("scale", StandardScaler()), ("model", KerasClassifier(three_classes, **KERAS))]), {})],
        cv=2,
        scoring=["accuracy", "neg_log_loss"],
        refit="accuracy",
        early_stopping=EarlyStopping(patience=2),
        random_state=0,
    ).fit(X, y)
    problem = _prepare.prepare(search, X, y, {}).problem
    (folds,) = [folds for folds in problem.folds if folds[0].stopping is not None]
    for fold, (train, test) in zip(folds, StratifiedKFold(2).split(X, y), strict=True):
        np.testing.assert_array_equal(fold.test, test)
        np.testing.assert_array_equal(np.sort(np.concatenate([fold.train, fold.stopping])), train)
        assert Counter(y[fold.stopping]).keys() == set(y)
        assert max(Counter(y[fold.stopping]).values()) - min(Counter(y[fold.stopping]).values()) <= 1
    assert np.isfinite(search.cv_results_["mean_test_neg_log_loss"]).all()
    assert search.cv_results_["mean_n_iterations"][0] >= 1
    assert set(search.predict(X)) <= set(y)
    assert search.score(X, y) == np.mean(search.predict(X) == y)


@pytest.mark.slow
def test_sparse_rows_stop_keras_where_dense_ones_do(classification):
    from scikeras.wrappers import KerasClassifier

    X, y = classification
    X = np.where(X > 0.5, X, 0.0)
    model = KerasClassifier(three_classes, **{**KERAS, "epochs": 30, "optimizer__learning_rate": 0.1})
    search = MultiModelSearchCV(
        [("keras", model, {})], cv=2, early_stopping=EarlyStopping(patience=2), random_state=0, refit=False
    )
    dense = clone(search).fit(X, y).cv_results_
    for container in (csr_matrix, csr_array):
        sparse = clone(search).fit(container(X), y).cv_results_
        assert sparse["mean_n_iterations"] == dense["mean_n_iterations"]
        assert sparse["mean_test_score"] == pytest.approx(dense["mean_test_score"], abs=0.02)


KERAS = {"loss": "sparse_categorical_crossentropy", "optimizer": "adam", "epochs": 3, "verbose": 0, "random_state": 0}


def three_classes(meta):
    import keras

    return keras.Sequential([keras.Input((meta["n_features_in_"],)), keras.layers.Dense(3, activation="softmax")])


@pytest.mark.parametrize(("how", "expected"), [("mean", 4), ("median", 3), ("max", 8)])
def test_iterations_for_the_refit(how, expected):
    rule = StoppingRule(patience=1, min_delta=0.0, monitor=None, refit_iterations=how, variant=1)
    assert iterations_for_refit(rule, [1, 3, 8]) == expected


@pytest.mark.slow
def test_keras_and_lightgbm_compete_alike_here_and_on_workers(regression, trees):
    from scikeras.wrappers import KerasRegressor

    network = KerasRegressor(linear, loss="mean_squared_error", optimizer="adam", epochs=3, verbose=0, random_state=0)
    search = MultiModelSearchCV(
        [
            ("trees", Pipeline([("scale", StandardScaler()), ("model", trees)]), {"model__max_depth": [1, 2]}),
            ("network", Pipeline([("standardise", StandardScaler()), ("model", network)]), {}),
        ],
        cv=2,
        scoring="r2",
        early_stopping=EarlyStopping(patience=2),
        random_state=0,
    )
    inline = clone(search).fit(*regression)
    workers = clone(search).set_params(n_jobs=2).fit(*regression)
    alone = clone(search).set_params(optimize=False).fit(*regression)
    assert inline.search_stats_.step_fits_saved == 2 * 2
    assert_same_results(inline.cv_results_, workers.cv_results_)
    assert_same_results(inline.cv_results_, alone.cv_results_)


def linear(meta):
    import keras

    return keras.Sequential([keras.Input((meta["n_features_in_"],)), keras.layers.Dense(1)])


# Other libraries, and models inside others


BOOSTED = {
    "XGBoost": lambda **params: XGBRegressor(**{"n_estimators": 200, "learning_rate": 0.3, "n_jobs": 1} | params),
    "dart": lambda **params: XGBRegressor(
        **{"n_estimators": 60, "booster": "dart", "rate_drop": 0.3, "learning_rate": 0.5, "n_jobs": 1} | params
    ),
    "CatBoost": lambda **params: CatBoostRegressor(
        **{"n_estimators": 400, "verbose": 0, "thread_count": 1, "allow_writing_files": False} | params
    ),
}
"""CatBoost chooses its learning rate, by how many iterations there may be."""


@pytest.mark.parametrize("library", BOOSTED)
def test_the_winner_is_a_fit_of_the_iterations_of_its_folds(library, regression):
    X, y = regression
    pipeline = Pipeline([("scale", StandardScaler()), ("model", BOOSTED[library]())])
    search = MultiModelSearchCV(
        [("boosted", pipeline, {"model__max_depth": [2, 3]})],
        cv=KFold(3),
        early_stopping=EarlyStopping(patience=4),
        random_state=0,
        scoring="r2",
    ).fit(X, y)
    found = [search.cv_results_[f"split{fold}_n_iterations"][search.best_index_] for fold in range(3)]
    depth = search.best_params_["model__max_depth"]
    for fold, (train, test) in enumerate(KFold(3).split(X)):
        kept, _ = next(ShuffleSplit(1, test_size=0.1, random_state=0).split(train))
        rows = StandardScaler().fit(X[train[kept]])
        alone = BOOSTED[library](max_depth=depth)
        if library == "CatBoost":  # what it chooses in the folds
            whole = clone(alone).fit(rows.transform(X[train[kept]]), y[train[kept]])
            alone.set_params(learning_rate=whole.learning_rate_)
        alone.set_params(n_estimators=int(found[fold])).fit(rows.transform(X[train[kept]]), y[train[kept]])
        score = alone.score(rows.transform(X[test]), y[test])
        assert search.cv_results_[f"split{fold}_test_score"][search.best_index_] == score
    winner = clone(search.best_estimator_).fit(X, y)

    assert search.best_n_iterations_ == round(np.mean(found)) == winner["model"].get_params()["n_estimators"]
    np.testing.assert_array_equal(winner.predict(X), search.predict(X))
    if library == "CatBoost":
        rate = BOOSTED[library]().fit(X, y).learning_rate_
        assert search.best_estimator_["model"].learning_rate_ == rate


@pytest.mark.parametrize("library", BOOSTED)
def test_all_libraries_stop_on_workers_where_they_stop_here(library, regression):
    search = MultiModelSearchCV(
        [("boosted", BOOSTED[library](), {"max_depth": [1, 3]})],
        cv=2,
        early_stopping=EarlyStopping(patience=3),
        random_state=0,
    )
    inline = clone(search).fit(*regression)
    workers = clone(search).set_params(n_jobs=2).fit(*regression)
    assert_same_results(inline.cv_results_, workers.cv_results_)
    assert inline.histories_.equals(workers.histories_)
    np.testing.assert_array_equal(inline.predict(regression[0]), workers.predict(regression[0]))


PASSED_OVER = [
    (TransformedTargetRegressor(LGBMRegressor()), "its LGBMRegressor is inside a TransformedTargetRegressor"),
    (MultiOutputRegressor(XGBRegressor()), "its XGBRegressor is inside a MultiOutputRegressor"),
    (BaggingRegressor(CatBoostRegressor()), "its CatBoostRegressor is inside a BaggingRegressor"),
    (
        Pipeline([("scale", StandardScaler()), ("model", Pipeline([("model", LGBMRegressor())]))]),
        "its LGBMRegressor is inside a Pipeline; models of .* or as the last step of the Pipeline .* that it is",
    ),
    (GradientBoostingRegressor(), "GradientBoostingRegressor stops early by parameters of its own only"),
    (Pipeline([("model", MLPRegressor())]), "MLPRegressor stops early by parameters of its own only"),
]
KINDS = [type(last_step(estimator)).__name__ for estimator, _ in PASSED_OVER]


@pytest.mark.parametrize(("estimator", "why"), PASSED_OVER, ids=KINDS)
def test_whoever_one_may_expect_to_stop_and_cannot_is_named_once(trees, regression, estimator, why):
    estimators = [("trees", trees, {}), ("ridge", Ridge(), {}), ("other", estimator, {})]
    search = MultiModelSearchCV(estimators, cv=2, early_stopping=EarlyStopping(), random_state=0)
    with pytest.warns(UserWarning, match=f"early_stopping does not apply to estimator 'other': {why}") as given:
        _prepare.prepare(search, *regression, {})

    assert len([one for one in given if "early_stopping" in str(one.message)]) == 1
    _prepare.prepare(search.set_params(early_stopping={"trees": EarlyStopping()}), *regression, {})


@pytest.mark.parametrize(("estimator", "why"), PASSED_OVER, ids=KINDS)
def test_whoever_cannot_stop_is_an_error_by_name(regression, estimator, why):
    search = MultiModelSearchCV([("other", estimator, {})], early_stopping={"other": EarlyStopping()})
    with pytest.raises(ValueError, match=f"early_stopping names 'other', but {why}"):
        search.fit(*regression)


def test_of_the_models_that_a_setting_chooses_those_that_cannot_stop_are_named(trees, regression):
    pipeline = Pipeline([("model", GradientBoostingRegressor())])
    search = MultiModelSearchCV([("any", pipeline, {"model": [trees]})], early_stopping=EarlyStopping())
    _prepare.prepare(search, *regression, {})

    search.set_params(estimators=[("any", pipeline, {"model": [trees, MLPRegressor()]})])
    with pytest.warns(UserWarning, match="estimator 'any': MLPRegressor stops early by parameters of its own only"):
        _prepare.prepare(search, *regression, {})


# imbalanced-learn


class NotesSampling:
    """A sampler that notes the rows that it is fitted on, and leaves every other row."""

    fitted_on: list = []  # noqa: RUF012

    def fit_resample(self, X, y):
        self.fitted_on.append(numbers(X))
        return X[::2], y[::2]


@pytest.fixture
def make_sampled():
    """Make imbalanced-learn's Pipeline of a witness, a sampler and a model."""
    from imblearn import pipeline
    from imblearn.base import BaseSampler

    class Sampler(NotesSampling, BaseSampler):
        _sampling_type = "under-sampling"

        def _fit_resample(self, X, y, **params):
            raise NotImplementedError

    for noted in (Witness.fitted_on, Witness.transformed, FITTED_ON, STOPPED_BY, NotesSampling.fitted_on):
        noted.clear()
    return lambda model: pipeline.Pipeline([("witness", Witness()), ("sample", Sampler()), ("model", model)])


@pytest.mark.parametrize("library", WITNESSES)
def test_samplers_see_training_rows_only(make_sampled, numbered, library, monkeypatch):
    monkeypatch.setattr(_prepare, "SHARE", 0.0)
    X, y = numbered
    search = MultiModelSearchCV(
        [("sampled", make_sampled(WITNESSES[library]()), {"model__n_estimators": [3, 6]})],
        cv=KFold(3),
        early_stopping={"sampled": EarlyStopping(validation_fraction=0.25)},
        random_state=0,
        refit=False,
    ).fit(X, y)
    assert (search.cv_results_["mean_n_iterations"] >= 1).all()
    for fold, (train, _) in enumerate(KFold(3).split(X)):
        held_back = STOPPED_BY[2 * fold]
        kept = frozenset(train) - held_back
        assert held_back < set(train)
        assert len(held_back) == 20
        assert Witness.fitted_on.count(kept) == NotesSampling.fitted_on.count(kept) == 2
        sampled = FITTED_ON[2 * fold]
        assert FITTED_ON[2 * fold + 1] == sampled < kept
        assert len(sampled) == len(kept) // 2
        assert held_back in Witness.transformed
    assert len(FITTED_ON) == len(NotesSampling.fitted_on) == 6


def test_a_sampled_pipeline_is_refitted_for_the_iterations_of_its_folds(make_sampled, trees, regression):
    X, y = regression
    search = MultiModelSearchCV(
        [("sampled", make_sampled(trees), {})], cv=3, early_stopping=EarlyStopping(patience=5), random_state=0
    ).fit(X, y)
    alone = clone(trees).set_params(n_estimators=search.best_n_iterations_).fit(X[::2], y[::2])

    assert search.best_n_iterations_ == round(search.cv_results_["mean_n_iterations"][0])
    np.testing.assert_array_equal(search.predict(X), alone.predict(X))


def test_weights_reach_the_last_step_behind_transformers_alone(trees, regression):
    from imblearn import pipeline

    X, y = regression
    weights = np.random.default_rng(0).exponential(size=len(y)) ** 3
    searches = [
        MultiModelSearchCV(
            [("one", kind([("scale", StandardScaler()), ("model", trees)]), {})],
            cv=3,
            early_stopping=EarlyStopping(patience=5),
            random_state=0,
        )
        for kind in (pipeline.Pipeline, Pipeline)
    ]
    sampled, plain = (search.fit(X, y, sample_weight=weights).cv_results_ for search in searches)
    np.testing.assert_array_equal(sampled["mean_n_iterations"], plain["mean_n_iterations"])
    np.testing.assert_array_equal(sampled["mean_test_score"], plain["mean_test_score"])


def test_a_model_inside_another_is_not_stopped_behind_a_sampler(make_sampled, regression):
    estimator = make_sampled(TransformedTargetRegressor(LGBMRegressor()))
    search = MultiModelSearchCV([("sampled", estimator, {})], early_stopping=EarlyStopping())
    with pytest.warns(UserWarning, match="its LGBMRegressor is inside a TransformedTargetRegressor"):
        _prepare.prepare(search, *regression, {})


# What is recorded


@pytest.fixture
def boosted(trees):
    """Return a search over two sizes of trees and one model that cannot stop early."""
    estimators = [("trees", trees, {"max_depth": [1, 3]}), ("ridge", Ridge(), {})]
    return MultiModelSearchCV(
        estimators, cv=KFold(3), early_stopping=EarlyStopping(patience=5), random_state=0, scoring="r2"
    )


@pytest.mark.filterwarnings("ignore:The argument 'eval_set' is deprecated")
def test_histories_are_what_the_library_itself_records(boosted, trees, regression):
    import lightgbm

    X, y = regression
    histories = boosted.fit(X, y).histories_
    for row, depth in enumerate([1, 3]):
        for fold, (train, _) in enumerate(KFold(3).split(X)):
            kept, held_back = next(ShuffleSplit(1, test_size=0.1, random_state=0).split(train))
            model = clone(trees).set_params(max_depth=depth)
            model.fit(
                X[train[kept]],
                y[train[kept]],
                eval_set=[(X[train[held_back]], y[train[held_back]])],
                callbacks=[lightgbm.early_stopping(5, verbose=False)],
            )
            own = histories.query("candidate == @row and fold == @fold")
            assert own["value"].tolist() == model.evals_result_["valid_0"]["l2"]
            assert own["iteration"].tolist() == list(range(1, len(own) + 1))
            best = int(boosted.cv_results_[f"split{fold}_n_iterations"][row])
            assert own["value"].argmin() + 1 == best
    assert set(histories["metric"]) == {"l2"}
    assert set(histories["estimator"]) == {"trees"}
    assert len(histories.groupby(["candidate", "fold"])) == 6


def xgboosts_own(X, y, stopping):
    import xgboost

    model = xgboost.XGBRegressor(n_estimators=100, max_depth=2, random_state=0, n_jobs=1)
    by_hand = clone(model).set_params(early_stopping_rounds=5).fit(X, y, eval_set=[stopping], verbose=False)
    return model, by_hand.evals_result()["validation_0"]


def catboosts_own(X, y, stopping):
    import catboost

    model = catboost.CatBoostRegressor(
        n_estimators=100,
        depth=2,
        learning_rate=0.3,
        random_state=0,
        thread_count=1,
        verbose=0,
        allow_writing_files=False,
    )
    by_hand = clone(model).fit(X, y, eval_set=stopping, early_stopping_rounds=5)
    return model, by_hand.get_evals_result()["validation"]


def histograms_own(X, y, stopping):
    model = HistGradientBoostingRegressor(max_iter=100, min_samples_leaf=5, random_state=0)
    by_hand = clone(model).set_params(early_stopping=True, n_iter_no_change=5, tol=0.0)
    return model, {"neg_loss": by_hand.fit(X, y, X_val=stopping[0], y_val=stopping[1]).validation_score_[1:]}


@pytest.mark.parametrize("by_hand", [xgboosts_own, catboosts_own, histograms_own])
def test_histories_of_other_libraries_are_their_own_records_too(by_hand, regression):
    X, y = regression
    train, test = np.arange(100), np.arange(100, 120)
    kept, held_back = train[:80], train[80:]
    model, record = by_hand(X[kept], y[kept], (X[held_back], y[held_back]))
    stopping = EarlyStopping(patience=5, validation="last", validation_fraction=0.2)
    search = MultiModelSearchCV([("model", model, {})], cv=[(train, test)], early_stopping=stopping, refit=False)
    histories = search.fit(X, y).histories_

    assert {metric: rows["value"].tolist() for metric, rows in histories.groupby("metric")} == {
        metric: list(values) for metric, values in record.items()
    }


@pytest.mark.parametrize("how", [{"optimize": False}, {"n_jobs": 2}], ids=str)
def test_histories_are_the_same_wherever_and_however_it_runs(boosted, regression, how):
    plain = clone(boosted).fit(*regression)
    other = boosted.set_params(**how).fit(*regression)

    assert other.histories_.equals(plain.histories_)


@pytest.mark.slow
def test_histories_of_keras_are_the_same_wherever_and_however_it_runs(classification):
    from scikeras.wrappers import KerasClassifier

    keras = KERAS | {"epochs": 40, "optimizer__learning_rate": 0.05}
    search = MultiModelSearchCV(
        [("keras", Pipeline([("scale", StandardScaler()), ("model", KerasClassifier(three_classes, **keras))]), {})],
        cv=2,
        early_stopping=EarlyStopping(patience=3),
        random_state=0,
        refit=False,
    )
    fast = clone(search).fit(*classification)
    alone = clone(search).set_params(optimize=False).fit(*classification)
    workers = clone(search).set_params(n_jobs=2).fit(*classification)

    assert set(fast.histories_["metric"]) == {"val_loss"}
    assert fast.histories_.equals(alone.histories_)
    assert fast.histories_.equals(workers.histories_)


def test_histories_are_pickled_but_not_cloned(boosted, regression):
    boosted.fit(*regression)
    opened = pickle.loads(pickle.dumps(boosted))

    assert opened.histories_.equals(boosted.histories_)
    with pytest.raises(AttributeError, match="has no histories_, since it is not fitted with early_stopping"):
        clone(boosted).histories_  # noqa: B018 - the access is what is tested


def test_histories_are_gone_with_a_fit_that_stops_nothing(boosted, regression):
    boosted.fit(*regression)
    boosted.set_params(early_stopping=None).fit(*regression)

    assert not hasattr(boosted, "histories_")


def test_histories_can_be_switched_off_by_estimator(trees, regression):
    stops = {"one": EarlyStopping(patience=5, keep_history=False), "other": EarlyStopping(patience=5)}
    search = MultiModelSearchCV(
        [("one", trees, {}), ("other", trees, {})], cv=3, early_stopping=stops, random_state=0
    ).fit(*regression)

    assert set(search.histories_["estimator"]) == {"other"}
    np.testing.assert_array_equal(*(search.cv_results_["mean_n_iterations"][row] for row in (0, 1)))


def test_histories_take_less_than_a_kilobyte_for_a_hundred_iterations(trees, regression):
    search = MultiModelSearchCV(
        [("trees", trees.set_params(learning_rate=0.02), {})],
        cv=3,
        early_stopping=EarlyStopping(patience=100),
        random_state=0,
        refit=False,
    )
    with pytest.warns(ConvergenceWarning):
        without = len(pickle.dumps(clone(search).set_params(early_stopping__keep_history=False).fit(*regression)))
    with pytest.warns(ConvergenceWarning):
        search.fit(*regression)

    n_iterations = len(search.histories_)
    assert n_iterations > 300
    assert len(pickle.dumps(search)) - without < 10 * n_iterations


def test_a_journal_gives_histories_and_knows_what_was_used_up(boosted, trees, regression, tmp_path):
    boosted.set_params(journal=tmp_path / "journal.db", trees=trees.set_params(n_estimators=20))
    said, histories = [], []
    for from_journal in (0, 9):
        with pytest.warns(ConvergenceWarning, match="in . of 6 fits of estimator 'trees'") as given:
            search = clone(boosted).fit(*regression)
        assert search.search_stats_.evaluations_from_journal == from_journal
        said.append([str(one.message) for one in given if one.category is ConvergenceWarning])
        histories.append(search.histories_)
    assert said[0] == said[1]
    assert histories[0].equals(histories[1])
    assert len(histories[0]) > 0


def test_what_a_journal_knows_is_not_shown_to_whoever_keeps_no_history(boosted, regression, tmp_path):
    boosted.set_params(journal=tmp_path / "journal.db").fit(*regression)
    boosted.set_params(early_stopping__keep_history=False).fit(*regression)

    assert boosted.search_stats_.evaluations_from_journal == 9
    assert boosted.histories_.empty


@pytest.mark.parametrize("early_stopping", [EarlyStopping(), {}], ids=["for all", "for none"])
def test_iterations_are_there_where_no_estimator_can_stop(regression, early_stopping):
    search = MultiModelSearchCV([("ridge", Ridge(), {})], cv=3, early_stopping=early_stopping).fit(*regression)

    names = [*(f"split{fold}_n_iterations" for fold in range(3)), "mean_n_iterations", "std_n_iterations"]
    assert all(np.isnan(search.cv_results_[name]).all() for name in names)
    assert search.best_n_iterations_ is None
    assert search.histories_.empty


def test_iterations_are_there_where_every_fit_that_could_stop_has_failed(trees, regression):
    broken = trees.set_params(num_leaves=-1)
    search = MultiModelSearchCV(
        [("trees", broken, {}), ("ridge", Ridge(), {})], cv=3, early_stopping=EarlyStopping(), error_score=-1.0
    )
    with pytest.warns(FitFailedWarning):
        search.fit(*regression)

    assert np.isnan(search.cv_results_["mean_n_iterations"]).all()
    assert search.best_n_iterations_ is None
    assert search.histories_.empty


def test_without_early_stopping_there_are_no_iterations(regression):
    search = MultiModelSearchCV([("ridge", Ridge(), {})], cv=3).fit(*regression)

    assert not [name for name in search.cv_results_ if "n_iterations" in name]
    assert not hasattr(search, "best_n_iterations_")
    assert not hasattr(search, "histories_")


def test_fits_that_use_up_their_iterations_are_said_once_with_what_to_do(trees, regression):
    few, many = clone(trees).set_params(n_estimators=4), trees
    search = MultiModelSearchCV(
        [("few", few, {"max_depth": [1, 3]}), ("many", many, {})],
        cv=3,
        early_stopping=EarlyStopping(patience=5),
        random_state=0,
    )
    with pytest.warns(ConvergenceWarning) as given:
        search.fit(*regression)

    (said,) = [one for one in given if one.category is ConvergenceWarning]
    assert str(said.message) == (
        "Early stopping came to the last iteration before patience ran out in 6 of 6 fits of estimator 'few': later "
        "iterations might be better; raise the limit (n_estimators, iterations, max_iter, epochs), which should be far "
        "above the patience."
    )


# Order of time


def rows_by_fold(search, X, y):
    """Fit a search over `witnesses`; return the rows that each fold's model has seen: trained on, stopped by."""
    search.fit(X, y)
    return [(sorted(fitted), sorted(held_back)) for fitted, held_back in zip(FITTED_ON, STOPPED_BY, strict=True)]


IN_ORDER = {
    "time series": TimeSeriesSplit(3, gap=7),
    "listed": [*TimeSeriesSplit(3, gap=7).split(np.zeros((120, 1)))],
}


@pytest.mark.parametrize("cv", IN_ORDER.values(), ids=IN_ORDER.keys())
def test_the_gap_of_time_splits_holds_before_the_stopping_rows_too(witnesses, numbered, cv):
    X, y = numbered
    search = MultiModelSearchCV(
        [("trees", witnesses, {})], cv=cv, early_stopping=EarlyStopping(validation_fraction=0.2), refit=False
    )
    seen = rows_by_fold(search, X, y)
    assert len(seen) == 3
    for (fitted, held_back), (train, test) in zip(seen, TimeSeriesSplit(3, gap=7).split(X), strict=True):
        assert held_back == train[-len(held_back) :].tolist()
        assert fitted == list(range(held_back[0] - 7))
        assert test[0] - held_back[-1] - 1 == 7


def test_the_last_rows_stop_behind_a_gap_wherever_a_user_wants_them_to(witnesses, numbered):
    X, y = numbered
    stopping = EarlyStopping(validation="last", validation_fraction=0.15, gap=5)
    search = MultiModelSearchCV([("trees", witnesses, {})], cv=KFold(3), early_stopping=stopping, refit=False)
    for (fitted, held_back), (train, _) in zip(rows_by_fold(search, X, y), KFold(3).split(X), strict=True):
        assert held_back == train[-12:].tolist()
        assert fitted == [row for row in train if row < held_back[0] - 5]


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"gap": -1, "validation": "last"}, ValueError, "gap must be a whole number of at least 0, or None, got -1"),
        ({"gap": 1.5, "validation": "last"}, ValueError, "gap must be a whole number of at least 0, or None, got 1.5"),
        ({"gap": True, "validation": "last"}, ValueError, "gap must be a whole number of at least 0, or None"),
        ({"gap": 3}, ValueError, "gap=3 needs validation='last', .* got validation='inner'; give that, or leave gap"),
        ({"gap": 0, "validation": ShuffleSplit(1)}, ValueError, "gap=0 needs validation='last'"),
        ({"validation": "first"}, ValueError, "must be 'inner', 'last', 'fold' or a splitter, got 'first'"),
        ({"keep_history": 1}, TypeError, "keep_history must be True or False, got 1"),
    ],
)
def test_wrong_values_are_errors_before_any_work(witnesses, numbered, params, error, message):
    search = MultiModelSearchCV([("trees", witnesses, {})], early_stopping=EarlyStopping(**params))
    with pytest.raises(error, match=message):
        search.fit(*numbered)
    assert not FITTED_ON
