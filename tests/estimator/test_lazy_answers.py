import warnings

import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn import config_context
from sklearn.compose import make_column_transformer
from sklearn.datasets import make_multilabel_classification
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import get_scorer
from sklearn.neighbors import KernelDensity
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from multisearch import MultiModelSearchCV
from multisearch._lazy import is_lazy


def searched(model, X, y=None, **arguments):
    return MultiModelSearchCV([("only", model, {})], cv=2, scheduler="inline", **arguments).fit(X, y)


@pytest.fixture
def frame(regression):
    X, y = regression
    frame = pd.DataFrame(X, columns=[f"x{column}" for column in range(X.shape[1])])
    return frame.assign(colour=np.where(y > 0, "red", "blue")), pd.Series(y, name="y")


def test_predictions_for_an_array_are_lazy_and_keep_its_blocks(regression):
    X, y = regression
    search = searched(make_pipeline(StandardScaler(), Ridge()), X, y)
    predicted = search.predict(da.from_array(X, chunks=(50, 4)))
    assert is_lazy(predicted)
    assert predicted.chunks == ((50, 50, 20),)
    np.testing.assert_allclose(predicted.compute(), search.predict(X))


def test_only_the_first_row_is_asked_about_at_once(frame):
    X, y = frame
    asked = []

    def note(rows):
        asked.append(len(rows))
        return rows

    encoder = make_column_transformer((OneHotEncoder(), ["colour"]), remainder=StandardScaler())
    search = searched(make_pipeline(FunctionTransformer(note), encoder, Ridge()), X, y)
    asked.clear()
    predicted = search.predict(dd.from_pandas(X, npartitions=3))
    assert asked == [1]
    np.testing.assert_allclose(predicted.compute(), search.predict(X))


def test_probabilities_and_labels_keep_shape_and_type(classification):
    X, y = classification
    search = searched(LogisticRegression(), X, y)
    lazy = da.from_array(X, chunks=(60, 8))
    assert search.predict_proba(lazy).shape == (150, 3)
    assert search.predict(lazy).dtype.kind == "U"
    np.testing.assert_array_equal(search.predict(lazy).compute(), search.predict(X))


def test_probabilities_of_several_outputs_are_a_list_of_collections():
    X, y = make_multilabel_classification(80, n_classes=3, random_state=0)
    search = searched(DecisionTreeClassifier(max_depth=3, random_state=0), X, y)
    lazy = da.from_array(X, chunks=(30, -1))
    probabilities = search.predict_proba(lazy)
    assert [one.chunks for one in probabilities] == [((30, 30, 20), (2,))] * 3
    for one, in_memory in zip(probabilities, search.predict_proba(X), strict=True):
        np.testing.assert_array_equal(one.compute(), in_memory)
    np.testing.assert_array_equal(search.predict(lazy).compute(), search.predict(X))
    assert search.score(lazy, y) == search.score(X, y)


def test_several_targets_are_predicted_at_once(regression):
    X, y = regression
    y = np.column_stack([y, -y])
    search = searched(Ridge(), X, y)
    predicted = search.predict(da.from_array(X, chunks=(50, -1)))
    assert predicted.shape == (120, 2)
    np.testing.assert_allclose(predicted.compute(), search.predict(X))


def test_what_is_sparse_stays_sparse(frame):
    X, _ = frame
    search = searched(make_pipeline(OneHotEncoder(), StandardScaler(with_mean=False)), X[["colour"]], scoring=len_of)
    transformed = search.transform(dd.from_pandas(X[["colour"]], npartitions=3)).compute()
    assert scipy.sparse.issparse(transformed)
    assert type(transformed) is type(search.transform(X[["colour"]]))
    np.testing.assert_array_equal(transformed.toarray(), search.transform(X[["colour"]]).toarray())


def len_of(estimator, X, y=None):
    return len(X)


def test_frames_of_pandas_are_frames_of_dask(frame):
    X, _ = frame
    encoder = make_column_transformer(
        (OneHotEncoder(sparse_output=False), ["colour"]), remainder=StandardScaler(), verbose_feature_names_out=False
    )
    search = searched(encoder.set_output(transform="pandas"), X, scoring=len_of)
    transformed = search.transform(dd.from_pandas(X, npartitions=3))
    pd.testing.assert_frame_equal(transformed.head(0), search.transform(X)[:0])
    pd.testing.assert_frame_equal(transformed.compute(), search.transform(X))


@pytest.mark.parametrize("kind", [dd.from_pandas, da.from_array])
def test_documents_of_one_column(kind):
    series = pd.Series(["the cat sat", "a dog barked", "cats and dogs", "the mat", "a cat", "one dog"] * 10)
    labels = [0, 1, 1, 0, 0, 1] * 10
    lazy = kind(series, 3) if kind is dd.from_pandas else kind(series.to_numpy(object), chunks=20)
    search = searched(make_pipeline(CountVectorizer(), LogisticRegression()), series, labels)
    np.testing.assert_array_equal(search.predict(lazy).compute(), search.predict(series))
    assert search.score(lazy, labels) == search.score(series, labels)


def test_categories_of_one_column():
    series = pd.Series(list("aabbccdd"))
    lazy = dd.from_pandas(series, npartitions=4).astype("category")
    search = searched(FunctionTransformer(codes_of), lazy.compute(), scoring=len_of)
    np.testing.assert_array_equal(search.transform(lazy).compute(), [0, 0, 1, 1, 2, 2, 3, 3])


def codes_of(series):
    return series.cat.codes.to_numpy()


def test_a_step_that_looks_at_other_rows_sees_those_of_its_block_but_all_in_a_score(regression):
    X, y = regression
    search = searched(make_pipeline(FunctionTransformer(rows_above), Ridge()), X, y)
    lazy = da.from_array(X, chunks=(60, -1))
    by_block = np.concatenate([search.predict(X[:60]), search.predict(X[60:])])
    np.testing.assert_array_equal(search.predict(lazy).compute(), by_block)
    assert not np.allclose(by_block, search.predict(X))
    assert search.score(lazy, y) == search.score(X, y)


def test_rows_without_targets_are_scored_too(regression):
    X, _ = regression
    search = searched(KernelDensity(), X)
    lazy = da.from_array(X, chunks=(50, -1))
    assert search.score(lazy) == search.score(X)
    np.testing.assert_allclose(search.score_samples(lazy).compute(), search.score_samples(X))


def rows_above(X):
    return np.cumsum(X, axis=0)


def test_rows_of_no_number_get_the_error_that_they_get_in_memory(regression):
    X, y = regression
    search = searched(StandardScaler(), X, y, scoring=len_of)
    with pytest.raises(ValueError, match="Found array with 0 sample"):
        search.transform(da.from_array(X, chunks=(50, -1))[:0])
    with pytest.raises(ValueError, match="Found array with 0 sample"):
        search.transform(da.from_array(X, chunks=(50, -1))[X[:, 0] > np.inf])


def test_columns_that_are_missing_are_named_as_in_memory(frame):
    X, y = frame
    encoder = make_column_transformer((OneHotEncoder(), ["colour"]), remainder=StandardScaler())
    search = searched(make_pipeline(encoder, Ridge()), X, y)
    lazy = dd.from_pandas(X.drop(columns="colour"), npartitions=3)
    with pytest.raises(ValueError, match=r"columns are missing: \{'colour'\}"):
        search.predict(lazy)
    with pytest.raises(ValueError, match=r"columns are missing: \{'colour'\}"):
        search.score(lazy, y)


def test_settings_of_the_caller_hold_where_blocks_are(regression, client):
    X, y = regression
    search = searched(StandardScaler(), X, y, scoring=len_of)
    with config_context(transform_output="pandas"):
        transformed = search.transform(da.from_array(X, chunks=(50, -1)))
    assert transformed.columns.tolist() == [f"x{column}" for column in range(X.shape[1])]
    np.testing.assert_array_equal(transformed.compute().to_numpy(), search.transform(X))


def test_routed_parameters_reach_scorers_where_rows_are(regression, client):
    X, y = regression
    weights = np.linspace(0.1, 1.0, len(y))
    with config_context(enable_metadata_routing=True):
        scorer = get_scorer("r2").set_score_request(sample_weight=True)
        search = searched(Ridge(), X, y, scoring=scorer)
        lazy = da.from_array(X, chunks=(50, -1))
        in_memory = search.score(X, y, sample_weight=weights)
        assert search.score(lazy, y, sample_weight=weights) == in_memory
        assert search.score(lazy, y, sample_weight=da.from_array(weights, chunks=50)) == in_memory


def test_what_a_score_warns_about_elsewhere_is_heard_here(classification, client):
    X, y = classification
    with warnings.catch_warnings(action="ignore"):
        search = searched(DummyClassifier(), X, y, scoring="precision_macro")
    lazy = da.from_array(X, chunks=(50, -1))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        search.score(lazy, y)
    assert {warning.category for warning in caught} == {UndefinedMetricWarning}


class Quiet(LogisticRegression):
    """Does not say what it is, as scikeras' classifiers."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.estimator_type = None
        return tags


def test_an_estimator_that_says_nothing_of_its_kind_is_announced_where_rows_are(classification, client):
    X, y = classification
    search = searched(Quiet(), X, y, scoring="roc_auc_ovr")
    assert search.score(da.from_array(X, chunks=(50, -1)), y) == search.score(X, y)


def test_a_large_model_is_no_matter_for_a_warning(regression, client):
    X, y = regression
    lazy = da.from_array(X, chunks=(50, -1))
    search = searched(Ridge(), X, y)
    search.best_estimator_.ballast_ = np.zeros(2_000_000)
    assert search.score(lazy, y) == search.score(X, y)
    predicted = search.predict(lazy)
    with pytest.warns(UserWarning, match="Sending large graph"):  # what the user computes is dask's to comment on
        predicted.compute()
