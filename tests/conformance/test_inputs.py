"""Everything that GridSearchCV takes is taken, as it is, in this process and on workers."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
from helpers import assert_same_results
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, TransformerMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor, make_column_selector
from sklearn.datasets import make_multilabel_classification
from sklearn.ensemble import StackingRegressor
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import make_scorer, r2_score
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV, KFold, cross_validate
from sklearn.neighbors import KernelDensity, KNeighborsClassifier
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, OneHotEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from multisearch import MultiModelSearchCV

pytestmark = pytest.mark.filterwarnings("ignore:Pyarrow will become a required dependency")

PLACES = [pytest.param({}, id="inline"), pytest.param({"scheduler": "local", "n_jobs": 2}, id="workers")]


@pytest.fixture(params=PLACES)
def check_agrees(request):
    """Return a check that a search over one estimator agrees with GridSearchCV to the bit."""

    def check(estimator, grid, X, y=None, fit_params=None, **arguments):
        theirs = GridSearchCV(estimator, grid, **arguments).fit(X, y, **(fit_params or {}))
        ours = MultiModelSearchCV([("only", estimator, grid)], **arguments, **request.param)
        ours.fit(X, y, **(fit_params or {}))
        del ours.cv_results_["estimator"]
        assert_same_results(theirs.cv_results_, ours.cv_results_)
        assert repr(ours.best_params_) == repr(theirs.best_params_)
        return ours

    return check


SCALED_RIDGE = make_pipeline(StandardScaler(), Ridge())
ALPHAS = {"ridge__alpha": [0.1, 1.0, 10.0]}


def as_lists(X):
    return X.tolist()


def as_read_only(X):
    X = X.copy()
    X.flags.writeable = False
    return X


def as_frame(X):
    return pd.DataFrame(X, columns=[f"x{column}" for column in range(X.shape[1])], index=range(5, 5 + len(X)))


@pytest.mark.parametrize("convert", [as_lists, np.asfortranarray, as_read_only, as_frame, np.float32])
def test_dense_rows_of_any_kind(convert, regression, check_agrees):
    X, y = regression
    check_agrees(SCALED_RIDGE, ALPHAS, convert(X), y)


def test_memory_mapped_rows(regression, check_agrees, tmp_path):
    X, y = regression
    np.save(tmp_path / "X.npy", X)
    check_agrees(SCALED_RIDGE, ALPHAS, np.load(tmp_path / "X.npy", mmap_mode="r"), y)


@pytest.mark.parametrize("container", [scipy.sparse.csr_matrix, scipy.sparse.csr_array, scipy.sparse.csc_array])
def test_sparse_rows(container, classification, check_agrees):
    X, y = classification
    X = container(np.where(np.abs(X) > 1, X, 0))
    pipeline = make_pipeline(StandardScaler(with_mean=False), SVC())
    check_agrees(pipeline, {"svc__C": [0.1, 1.0]}, X, y, return_train_score=True)


def test_polars_rows(regression, check_agrees):
    X, y = regression
    frame = pl.DataFrame({f"x{column}": X[:, column] for column in range(X.shape[1])})
    check_agrees(SCALED_RIDGE, ALPHAS, frame, y)


def test_columns_are_selected_by_name_and_type(regression, check_agrees):
    X, y = regression
    frame = as_frame(X).assign(colour=pd.Categorical(np.where(y > 0, "red", "blue")))
    pre = ColumnTransformer(
        [
            ("number", StandardScaler(), make_column_selector(dtype_include="number")),
            ("colour", OneHotEncoder(), ["colour"]),
        ]
    )
    pipeline = Pipeline([("columns", pre), ("model", Ridge())])
    grid = {"columns__number": [StandardScaler(), MinMaxScaler()], "model__alpha": [0.1, 1.0]}
    check_agrees(pipeline, grid, frame, pd.Series(y, index=frame.index))


@pytest.mark.parametrize("targets", ["series", "two columns", "strings"])
def test_targets_of_any_kind(targets, regression, classification, check_agrees):
    X, y = regression
    if targets == "strings":
        check_agrees(
            make_pipeline(StandardScaler(), LogisticRegression()),
            {"logisticregression__C": [0.1, 1.0]},
            *classification,
        )
    else:
        check_agrees(SCALED_RIDGE, ALPHAS, X, pd.Series(y) if targets == "series" else np.column_stack([y, -y]))


def test_several_labels_at_once(check_agrees):
    X, y = make_multilabel_classification(80, random_state=0)
    check_agrees(
        make_pipeline(StandardScaler(), KNeighborsClassifier()), {"kneighborsclassifier__n_neighbors": [1, 3]}, X, y
    )


def test_precomputed_kernels(classification, check_agrees):
    X, y = classification
    check_agrees(SVC(kernel="precomputed"), {"C": [0.1, 1.0]}, X @ X.T, y, return_train_score=True)


def test_documents_in_a_list(check_agrees):
    documents = ["the cat sat", "a dog barked", "cats and dogs", "the mat", "a cat", "one dog"] * 10
    labels = [0, 1, 1, 0, 0, 1] * 10
    pipeline = Pipeline(
        [
            ("words", FeatureUnion([("counts", CountVectorizer()), ("tfidf", TfidfVectorizer())])),
            ("model", LogisticRegression()),
        ]
    )
    grid = {"words__counts__ngram_range": [(1, 1), (1, 2)], "model__C": [0.1, 1.0]}
    check_agrees(pipeline, grid, documents, labels, cv=KFold(3))


@pytest.mark.parametrize("model", [GaussianMixture(random_state=0), KernelDensity()])
def test_no_targets(model, regression, check_agrees):
    X, _ = regression
    grid = {"n_components": [1, 2]} if isinstance(model, GaussianMixture) else {"bandwidth": [0.5, 1.0]}
    pipeline = Pipeline([("scale", StandardScaler()), ("model", model)])
    check_agrees(pipeline, {f"model__{name}": values for name, values in grid.items()}, X)


def test_steps_replaced_and_left_out(regression, check_agrees):
    grid = [
        {"standardscaler": [StandardScaler(), MinMaxScaler(), "passthrough", None], "ridge__alpha": [0.1, 1.0]},
        {"ridge": [LinearRegression(), Ridge(5.0)]},
    ]
    check_agrees(SCALED_RIDGE, grid, *regression)


def test_values_that_are_functions_arrays_none_and_mixed(regression, check_agrees):
    X, y = regression
    pipeline = make_pipeline(FunctionTransformer(), Ridge())
    grid = {"functiontransformer__func": [None, np.cbrt, np.sinh], "ridge__alpha": [1, 0.5, np.float64(2.0)]}
    check_agrees(pipeline, grid, X, y)
    check_agrees(Ridge(), {"alpha": [np.array([1.0]), 2.0]}, X, y)


def test_nested_pipelines_and_targets_transformed(regression, check_agrees):
    inner = Pipeline([("scale", StandardScaler()), ("union", FeatureUnion([("same", "passthrough")]))])
    outer = Pipeline(
        [("inner", inner), ("model", TransformedTargetRegressor(Ridge(), func=np.cbrt, inverse_func=cube))]
    )
    check_agrees(outer, {"inner__scale__with_mean": [True, False], "model__regressor__alpha": [0.1, 1.0]}, *regression)


def cube(values):
    return values**3


def test_calibrated_and_stacked_models(classification, regression, check_agrees):
    calibrated = make_pipeline(StandardScaler(), CalibratedClassifierCV(LogisticRegression(), cv=2))
    check_agrees(calibrated, {"calibratedclassifiercv__method": ["sigmoid", "isotonic"]}, *classification, cv=2)
    stacked = StackingRegressor([("ridge", SCALED_RIDGE), ("linear", LinearRegression())], cv=2)
    check_agrees(stacked, {"ridge__ridge__alpha": [0.1, 10.0]}, *regression, cv=2)


def test_a_pipelines_own_memory_is_left_to_it(regression, check_agrees, tmp_path):
    pipeline = Pipeline([*SCALED_RIDGE.steps], memory=str(tmp_path))
    search = check_agrees(pipeline, ALPHAS, *regression)
    assert search.best_estimator_.memory == str(tmp_path)


def test_scoring_of_every_kind(regression, check_agrees):
    def whole(model, X, y):
        assert isinstance(model, Pipeline)
        return model.score(X, y)

    def several(model, X, y):
        return {"r2": model.score(X, y), "n": len(X)}

    two = ["r2", "neg_max_error"]
    ways = [
        ("r2", True),
        (make_scorer(r2_score), True),
        (whole, True),
        (two, "r2"),
        (tuple(two), "neg_max_error"),
        ({"a": "r2", "b": make_scorer(r2_score)}, "b"),
        (several, "n"),
        (several, lambda results: 1),
    ]
    for scoring, refit in ways:
        check_agrees(SCALED_RIDGE, ALPHAS, *regression, scoring=scoring, refit=refit, return_train_score=True)


def test_one_metric_may_fail_alone(classification, check_agrees):
    def without_probabilities(y_true, y_pred):
        raise ValueError("no probabilities")

    scoring = {"accuracy": "accuracy", "fails": make_scorer(without_probabilities)}
    with pytest.warns(UserWarning, match="no probabilities"):
        check_agrees(
            make_pipeline(StandardScaler(), DecisionTreeClassifier(random_state=0)),
            {"decisiontreeclassifier__max_depth": [1, 2]},
            *classification,
            scoring=scoring,
            refit="accuracy",
            error_score=-1,
        )


def test_fit_parameters_by_step_with_one_entry_per_row(regression, check_agrees):
    X, y = regression
    weights = np.linspace(0.1, 1.0, len(X))
    params = {"ridge__sample_weight": weights, "standardscaler__sample_weight": weights[::-1]}
    check_agrees(SCALED_RIDGE, ALPHAS, X, y, params)


class Weighted(TransformerMixin, BaseEstimator):
    """Notes that it was given the weights of the rows that it is fitted on."""

    def fit(self, X, y=None, marks=None):
        assert marks is not None
        np.testing.assert_array_equal(marks, X[:, 0])
        return self

    def transform(self, X):
        return X


def test_a_parameter_reaches_the_right_step_although_steps_are_shared(regression):
    X, y = regression
    pipeline = Pipeline([("note", Weighted()), ("model", Ridge())])
    search = MultiModelSearchCV(
        [("one", pipeline, {"model__alpha": [0.1, 1.0]}), ("two", pipeline, {"model__alpha": [2.0]})],
        error_score="raise",
    ).fit(X, y, one__note__marks=X[:, 0], two__note__marks=X[:, 0])
    assert search.search_stats_.shared_steps == 5
    with pytest.raises(AssertionError):
        search.fit(X, y, one__note__marks=X[:, 0])


def test_inside_a_pipeline_and_inside_itself(regression):
    X, y = regression
    inner = MultiModelSearchCV([("ridge", Ridge(), {"alpha": [0.1, 1.0]})], cv=2)
    outer = MultiModelSearchCV([("whole", make_pipeline(StandardScaler(), inner), {})], cv=2, n_jobs=2).fit(X, y)
    assert outer.best_estimator_[-1].best_params_ == {"alpha": 0.1}
    assert make_pipeline(StandardScaler(), inner).fit(X, y).predict(X).shape == y.shape


def test_nested_cross_validation_with_two_jobs(regression):
    search = MultiModelSearchCV([("ridge", SCALED_RIDGE, ALPHAS), ("linear", LinearRegression(), {})], cv=2, n_jobs=2)
    two = cross_validate(search, *regression, cv=3, n_jobs=2)["test_score"]
    np.testing.assert_array_equal(two, cross_validate(search, *regression, cv=3)["test_score"])


def search_in_a_task(X, y):
    search = MultiModelSearchCV([("ridge", Ridge(), {"alpha": [0.1, 1.0]})], n_jobs=2).fit(X, y)
    return search.best_params_, search.search_stats_.workers


def test_inside_a_task_of_the_same_cluster(regression, client):
    futures = [client.submit(search_in_a_task, *regression, pure=False) for _ in range(4)]
    assert client.gather(futures) == [({"alpha": 0.1}, 1)] * 4


class SilentClassifier(ClassifierMixin, BaseEstimator):
    """Has no score of its own but its mixin's."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


class MeanSquares(RegressorMixin, BaseEstimator):
    """Scores by something else than R2."""

    def fit(self, X, y):
        self.mean_ = np.mean(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.mean_)

    def score(self, X, y):
        return -np.mean((y - self.mean_) ** 2)


def test_scores_that_mean_different_things_are_an_error(regression):
    search = MultiModelSearchCV([("ridge", Ridge(), {}), ("squares", MeanSquares(), {})])
    with pytest.raises(ValueError, match=r"scoring=None.*'ridge'.*'squares'"):
        search.fit(*regression)
    search.set_params(scoring="r2").fit(*regression)
    both = MultiModelSearchCV([("silent", SilentClassifier(), {}), ("tree", DecisionTreeClassifier(), {})])
    both.fit(regression[0], regression[1] > 0)
