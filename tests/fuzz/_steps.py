"""Transformers before the model: scikit-learn's by introspection, compositions, the user's own."""

import functools
from dataclasses import dataclass

from fuzz._data import MIXED, TEXTS
from fuzz._parameters import instances, stands_alone
from fuzz._users import STEPS, Users, built
from hypothesis import strategies as st
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestRegressor
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.feature_selection import SelectFromModel, SelectKBest, f_classif, f_regression
from sklearn.impute import SimpleImputer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
    TargetEncoder,
)
from sklearn.utils import all_estimators

_LEFT_OUT = {
    "Birch", "CountVectorizer", "DictVectorizer", "DictionaryLearning", "FeatureAgglomeration", "FeatureHasher",
    "GenericUnivariateSelect", "HashingVectorizer", "KernelCenterer", "LabelBinarizer", "LabelEncoder",
    "LatentDirichletAllocation", "LocallyLinearEmbedding", "MDS", "MiniBatchDictionaryLearning", "MiniBatchSparsePCA",
    "MultiLabelBinarizer", "PatchExtractor", "SparsePCA", "SpectralEmbedding", "TSNE", "TfidfVectorizer",
}  # fmt: skip
"""What needs other data, or much time."""


@dataclass(frozen=True)
class Union:
    """Transformers side by side."""

    parts: tuple

    def build(self, number):
        return FeatureUnion([(f"part{place}", built(part, number)) for place, part in enumerate(self.parts)])


@dataclass(frozen=True)
class Inside:
    """Steps in a Pipeline that is a step itself."""

    parts: tuple

    def build(self, number):
        return Pipeline([(f"step{place}", built(part, number)) for place, part in enumerate(self.parts)])


@dataclass(frozen=True)
class ByPosition:
    """One transformer for the first columns, the others as they are or left out."""

    part: object
    remainder: str

    def build(self, number):
        return ColumnTransformer([("first", built(self.part, number), [0, 1, 2])], remainder=self.remainder)


@functools.cache
def _classes():
    known = all_estimators(type_filter=["transformer"])
    return [found for name, found in known if name not in _LEFT_OUT and stands_alone(found)]


def _set_to_frames(transformer):
    return transformer.set_output(transform="pandas")


def _plain():
    usual = [
        StandardScaler(),
        MinMaxScaler(),
        PCA(2, random_state=0),
        StandardScaler(copy=False),
        FunctionTransformer(),
        SelectFromModel(RandomForestRegressor(3, random_state=0), max_features=2),
        SelectKBest(f_regression, k=2),
        SelectKBest(f_classif, k=3),
        SimpleImputer(),
        _set_to_frames(StandardScaler()),
        _set_to_frames(PCA(2, random_state=1)),
        "passthrough",
    ]
    return st.one_of(st.sampled_from(usual), st.sampled_from(_classes()).flatmap(instances))


def steps():
    """Draw a transformer of numbers."""
    simple = st.one_of(_plain(), _plain(), st.sampled_from(sorted(STEPS)).map(Users))
    parts = st.lists(simple.filter(lambda part: part != "passthrough"), min_size=1, max_size=2).map(tuple)
    composed = st.one_of(
        st.builds(Union, parts),
        st.builds(Inside, parts),
        st.builds(ByPosition, simple, st.sampled_from(["drop", "passthrough"])),
    )
    return st.one_of(simple, simple, simple, composed)


def fronts(data):
    """Draw the first steps that some data need before they are numbers; none for most."""
    if data.rows in TEXTS:
        some = [TfidfVectorizer(), CountVectorizer(ngram_range=(1, 2)), HashingVectorizer(n_features=16)]
        return st.sampled_from(some).map(lambda one: [one])
    if data.rows in MIXED:
        return st.builds(_by_kind, _encoders(), st.booleans()).map(lambda one: [one])
    if data.rows == "with nan":
        return st.sampled_from([[SimpleImputer()], [SimpleImputer(add_indicator=True)], []])
    return st.just([])


def _encoders():
    return st.sampled_from(
        [
            OneHotEncoder(handle_unknown="ignore"),
            OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
            TargetEncoder(cv=2, random_state=0),
        ]
    )


def _by_kind(encoder, as_frame):
    numbers = make_column_selector(dtype_include="number")
    others = make_column_selector(dtype_exclude=["number", "datetime"])
    columns = ColumnTransformer(
        [("numbers", StandardScaler(), numbers), ("others", encoder, others)], sparse_threshold=0
    )
    return columns.set_output(transform="pandas") if as_frame and not isinstance(encoder, OneHotEncoder) else columns
