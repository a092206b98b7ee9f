from collections import Counter

import numpy as np
import pytest
from helpers import assert_same_results
from lightgbm import LGBMClassifier, LGBMRegressor
from scipy.sparse import csr_array, csr_matrix
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupShuffleSplit, KFold, ShuffleSplit, StratifiedKFold, TimeSeriesSplit
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from multisearch import EarlyStopping, MultiModelSearchCV, _preparation
from multisearch._early_stopping import iterations_for_refit
from multisearch._records import StoppingRule


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


class WitnessedTrees(LGBMRegressor):
    """LightGBM that notes the rows that it is fitted on and those that it stops by."""

    fitted_on: list = []  # noqa: RUF012
    stopped_by: list = []  # noqa: RUF012

    def fit(self, X, y, **params):
        self.fitted_on.append(frozenset(X[:, 0].astype(int)))
        self.stopped_by += [frozenset(rows[:, 0].astype(int)) for rows, _ in params.get("eval_set", [])]
        return super().fit(X, y, **params)


@pytest.fixture
def numbered(regression):
    X, y = regression
    return np.column_stack([np.arange(len(X)), X]), y


@pytest.fixture
def trees():
    return LGBMRegressor(n_estimators=200, learning_rate=0.3, min_child_samples=5, verbose=-1, random_state=0, n_jobs=1)


@pytest.fixture
def witnesses(monkeypatch):
    monkeypatch.setattr(_preparation, "SHARE", 0.0)  # a check would be one fit more
    for noted in (Witness.fitted_on, Witness.transformed, WitnessedTrees.fitted_on, WitnessedTrees.stopped_by):
        noted.clear()
    model = WitnessedTrees(n_estimators=5, verbose=-1, random_state=0, n_jobs=1)
    return Pipeline([("witness", Witness()), ("model", model)])


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
    stopping = list(dict.fromkeys(WitnessedTrees.stopped_by))
    assert len(stopping) == 3
    for (train, test), held_back in zip(KFold(3).split(X), stopping, strict=True):
        assert held_back < set(train)
        assert len(held_back) == 20
        fitted = set(train) - held_back
        assert Witness.fitted_on.count(fitted) == (1 if optimize else 2)
        assert WitnessedTrees.fitted_on.count(fitted) == 2
        assert held_back in Witness.transformed
        assert set(test) in Witness.transformed
    assert len(set(Witness.fitted_on)) == 3
    assert len(set(WitnessedTrees.fitted_on)) == 3


def test_stopping_on_the_fold_uses_its_test_rows_and_trains_on_all_others(witnesses, numbered):
    X, y = numbered
    MultiModelSearchCV(
        [("trees", witnesses, {})], cv=KFold(3), early_stopping=EarlyStopping(validation="fold"), refit=False
    ).fit(X, y)
    assert WitnessedTrees.stopped_by == [frozenset(test) for _, test in KFold(3).split(X)]
    assert WitnessedTrees.fitted_on == [frozenset(train) for train, _ in KFold(3).split(X)]


def test_the_last_rows_stop_under_a_time_series_split(witnesses, numbered):
    X, y = numbered
    cv = TimeSeriesSplit(3)
    MultiModelSearchCV(
        [("trees", witnesses, {})], cv=cv, early_stopping=EarlyStopping(validation_fraction=0.2), refit=False
    ).fit(X, y)
    for (train, _), held_back in zip(cv.split(X), WitnessedTrees.stopped_by, strict=True):
        assert held_back == set(train[-len(held_back) :])


def test_whole_groups_stop_when_groups_are_given(witnesses, numbered):
    X, y = numbered
    groups = np.arange(len(X)) // 6
    cv = GroupShuffleSplit(2, random_state=0)
    MultiModelSearchCV(
        [("trees", witnesses, {})], cv=cv, early_stopping=EarlyStopping(validation_fraction=0.25), refit=False
    ).fit(X, y, groups=groups)
    for fitted, held_back in zip(WitnessedTrees.fitted_on, WitnessedTrees.stopped_by, strict=True):
        assert not {groups[row] for row in fitted} & {groups[row] for row in held_back}
        assert len({groups[row] for row in held_back}) == 4


def test_a_splitter_chooses_the_stopping_rows(witnesses, numbered):
    X, y = numbered
    validation = ShuffleSplit(1, test_size=7, random_state=5)
    MultiModelSearchCV(
        [("trees", witnesses, {})], cv=KFold(2), early_stopping=EarlyStopping(validation=validation), refit=False
    ).fit(X, y)
    expected = [frozenset(train[next(validation.split(train))[1]]) for train, _ in KFold(2).split(X)]
    assert WitnessedTrees.stopped_by == expected


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
    problem = _preparation.prepare(search, X, y, {}).problem
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
