import copy
import enum
import functools
import os
import pickle
import subprocess
import sys
import textwrap
import threading
import types

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import loguniform, norm, uniform
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from multisearch._fingerprint import Cloned, UnencodableError, fingerprint

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=5), st.binary(max_size=5)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner, inner),
        st.dictionaries(st.text(max_size=3), inner, max_size=3),
        st.frozensets(SCALARS, max_size=3),
    ),
    max_leaves=8,
)


class Colour(enum.Enum):
    RED = 1
    GREEN = 2


class Shift(TransformerMixin, BaseEstimator):
    """A transformer of the user's own: not from any library."""

    def __init__(self, by=1.0):
        self.by = by

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return X + self.by


@pytest.fixture
def rows():
    return np.random.default_rng(0).normal(size=(6, 3))


def module_from(source, name="settings_of_a_user"):
    """Return what a file of the user's with this content is, once it is imported."""
    module = types.ModuleType(name)
    exec(textwrap.dedent(source), vars(module))
    return module


@given(VALUES)
@settings(max_examples=50, deadline=None)
def test_copies_of_a_value_have_its_key(value):
    assert fingerprint(copy.deepcopy(value)) == fingerprint(value)
    assert fingerprint(pickle.loads(pickle.dumps(value))) == fingerprint(value)


@given(VALUES, VALUES)
@settings(max_examples=100, deadline=None)
def test_values_that_differ_have_different_keys(one, other):
    if repr(one) != repr(other) and one != other:
        assert fingerprint(one) != fingerprint(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (float("nan"), np.nan),
        ({"b", "a"}, {"a", "b"}),
        (loguniform(1e-3, 1), loguniform(1e-3, 1)),
        (functools.partial(np.clip, a_min=0), functools.partial(np.clip, a_min=0)),
        (np.random.RandomState(3), np.random.RandomState(3)),
        (Cloned(StandardScaler()), Cloned(StandardScaler().fit([[1.0], [2.0]]))),
        (Cloned([{"a": StandardScaler()}]), Cloned([{"a": StandardScaler().fit([[1.0], [2.0]])}])),
        (PCA(2), Pipeline([("pca", PCA(2))]).named_steps["pca"]),
        (range(3), range(3)),
    ],
)
def test_equal_content_has_equal_keys(one, other):
    assert fingerprint(one) == fingerprint(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0),
        (1, True),
        (0.1, np.float64(0.1)),
        (np.float32(0.5), np.float64(0.5)),
        (3, np.int64(3)),
        (True, np.bool_(True)),
        ("a", np.str_("a")),
        (1, "1"),
        (0.0, -0.0),
        ("1", b"1"),
        (None, "None"),
        ([1, 2], (1, 2)),
        ([1, [2]], [[1], 2]),
        ([1, 2], [12]),
        (["ab"], ["a", "b"]),
        ({1}, [1]),
        ({"a": 1}, {"a": 2}),
        (Colour.RED, Colour.GREEN),
        (loguniform(1e-3, 1), loguniform(1e-3, 2)),
        (loguniform(1, 2), uniform(1, 2)),
        (norm(loc=1), norm(1, 2)),
        (functools.partial(np.clip, a_min=0), functools.partial(np.clip, a_min=1)),
        (np.random.RandomState(3), np.random.RandomState(4)),
        (np.log, np.exp),
        (np.trace, np.linalg.trace),
        (str.upper, str.lower),
        ("a".upper, "b".upper),
        (PCA(2), PCA(3)),
        (PCA(), PCA),
        (StandardScaler(), SimpleImputer()),
        (Shift(1.0), Shift(2.0)),
    ],
)
def test_different_content_has_different_keys(one, other):
    assert fingerprint(one) != fingerprint(other)


def test_several_values_are_not_their_concatenation():
    assert fingerprint("ab", "c") != fingerprint("a", "bc")
    assert fingerprint([1], [2]) != fingerprint([1, 2])


@pytest.mark.parametrize(
    "changed",
    [
        lambda rows: rows + 1,
        lambda rows: rows.astype(np.float32),
        lambda rows: rows.reshape(3, 6),
        np.asfortranarray,
        lambda rows: rows.tolist(),
        lambda rows: np.ma.masked_array(rows, mask=rows < 0),
        lambda rows: rows.astype(object),
    ],
)
def test_arrays_differ_by_bytes_dtype_shape_memory_order_and_mask(rows, changed):
    assert fingerprint(rows.copy()) == fingerprint(rows)
    assert fingerprint(changed(rows)) != fingerprint(rows)


def test_a_view_has_the_key_of_its_copy(rows):
    assert fingerprint(rows[::2]) == fingerprint(rows[::2].copy())


def test_masked_arrays_differ_by_their_masks(rows):
    assert fingerprint(np.ma.masked_array(rows, mask=rows < 0)) != fingerprint(np.ma.masked_array(rows, mask=rows > 0))


def test_object_arrays_differ_by_their_items():
    assert fingerprint(np.array(["a", None], dtype=object)) == fingerprint(np.array(["a", None], dtype=object))
    assert fingerprint(np.array(["a", None], dtype=object)) != fingerprint(np.array(["b", None], dtype=object))


@pytest.mark.parametrize(
    "changed",
    [
        lambda frame: frame.rename(columns={"a": "c"}),
        lambda frame: frame[["b", "a"]],
        lambda frame: frame.assign(a=frame["a"].astype("float32")),
        lambda frame: frame.assign(b=["x", "y", "y"]),
        lambda frame: frame.assign(b=frame["b"].astype("category")),
        lambda frame: frame.set_index(pd.Index([3, 4, 5])),
        lambda frame: frame.to_numpy(),
        lambda frame: frame["a"],
    ],
)
def test_frames_differ_by_columns_dtypes_index_and_values(changed):
    frame = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": ["x", "y", "x"]})

    assert fingerprint(frame.copy()) == fingerprint(frame)
    assert fingerprint(changed(frame)) != fingerprint(frame)


def test_how_a_frame_came_to_be_does_not_count():
    at_once = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0], "c": ["x", "y"]})
    column_by_column = pd.DataFrame({"c": ["x", "y"]}).assign(b=[3.0, 4.0]).assign(a=[1.0, 2.0])[["a", "b", "c"]]

    assert fingerprint(column_by_column) == fingerprint(at_once)


def test_categories_that_do_not_occur_count():
    two, three = (pd.Series(pd.Categorical(["x", "y"], categories)) for categories in (["x", "y"], ["x", "y", "z"]))

    assert fingerprint(two) != fingerprint(three)


@pytest.mark.parametrize("convert", [scipy.sparse.csr_array, scipy.sparse.csc_matrix, scipy.sparse.coo_array])
def test_sparse_rows_differ_by_content_and_format(rows, convert):
    kept = np.where(rows > 0, rows, 0)

    assert fingerprint(convert(kept)) == fingerprint(convert(kept))
    assert fingerprint(convert(kept)) != fingerprint(convert(kept * 2))
    assert fingerprint(convert(kept)) != fingerprint(scipy.sparse.csr_matrix(kept))


def test_verbosity_caches_and_processes_do_not_count(tmp_path):
    steps = [("scale", StandardScaler()), ("reduce", ColumnTransformer([("pca", PCA(2), [0, 1])]))]
    loud = Pipeline(steps, verbose=True, memory=str(tmp_path)).set_params(reduce__n_jobs=2, reduce__verbose=True)
    quiet = Pipeline(clone(steps)).set_params(reduce__n_jobs=None, reduce__verbose=False)

    assert fingerprint(Cloned(loud)) == fingerprint(Cloned(quiet))


def test_output_configuration_counts():
    assert fingerprint(StandardScaler().set_output(transform="pandas")) != fingerprint(StandardScaler())


def test_metadata_requests_count():
    with config_context(enable_metadata_routing=True):
        asking = StandardScaler().set_fit_request(sample_weight=True)

    assert fingerprint(asking) != fingerprint(StandardScaler())


def test_frozen_estimators_differ_by_what_they_learnt(rows):
    def frozen(on):
        return FrozenEstimator(Pipeline([("scale", StandardScaler().fit(on))]))

    assert fingerprint(frozen(rows)) == fingerprint(frozen(rows.copy()))
    assert fingerprint(frozen(rows)) != fingerprint(frozen(rows * 2))


def test_what_an_ordinary_estimator_learnt_does_not_count_beside_a_frozen_one(rows):
    frozen = FrozenEstimator(StandardScaler().fit(rows))

    assert fingerprint(Cloned([frozen, StandardScaler()])) == fingerprint(Cloned([frozen, StandardScaler().fit(rows)]))


FUNCTION = """
    factor = 2
    def scale(rows, by=1):
        return (lambda row: row * factor)(rows) + by
"""


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("row * factor", "row / factor"),
        ("factor = 2", "factor = 3"),
        ("by=1", "by=2"),
        ("+ by", "+ by + 7"),
        ("(rows, by=1)", "(rows, *by)"),
    ],
)
def test_functions_differ_by_body_defaults_and_globals(was, becomes):
    assert was in FUNCTION
    assert fingerprint(module_from(FUNCTION).scale) != fingerprint(module_from(FUNCTION.replace(was, becomes)).scale)


def test_moving_a_function_within_its_file_does_not_count():
    moved = "\n\n    # a comment\n    unrelated = 1\n" + FUNCTION

    assert fingerprint(module_from(moved).scale) == fingerprint(module_from(FUNCTION).scale)


def test_collecting_positional_or_named_arguments_differs():
    assert fingerprint(lambda *given: given) != fingerprint(lambda **given: given)


def test_what_an_exception_handler_covers_counts():
    behind = """
        def carefully(rows):
            logs = log(rows)
            try: roots = sqrt(logs)
            except ValueError: roots = None
            return roots
    """
    both = """
        def carefully(rows):
            try: logs = log(rows); roots = sqrt(logs)
            except ValueError: roots = None
            return roots
    """
    one, other = (module_from(source).carefully for source in (behind, both))

    assert fingerprint(one) != fingerprint(other)


def test_functions_differ_by_what_they_close_over():
    def times(factor):
        return lambda rows: rows * factor

    assert fingerprint(times(2)) == fingerprint(times(2))
    assert fingerprint(times(2)) != fingerprint(times(3))


CLASS = """
    from sklearn.base import BaseEstimator, TransformerMixin
    class Shift(TransformerMixin, BaseEstimator):
        by = 1
        def fit(self, X, y=None):
            return self
        def transform(self, X):
            return self._shifted(X)
        @staticmethod
        def _shifted(X):
            return X + 1
        @property
        def twice(self):
            return 2 * self.by
"""


@pytest.mark.parametrize(
    ("was", "becomes"), [("by = 1", "by = 2"), ("X + 1", "X + 2"), ("2 * self", "3 * self"), ("self._shifted(X)", "X")]
)
def test_classes_of_the_users_differ_by_their_source(was, becomes):
    assert was in CLASS
    was_there, is_there = module_from(CLASS).Shift(), module_from(CLASS.replace(was, becomes)).Shift()

    assert fingerprint(module_from(CLASS).Shift()) == fingerprint(was_there)
    assert fingerprint(was_there) != fingerprint(is_there)


def test_a_base_class_of_the_users_counts():
    source = "class Base:\n    offset = {}\nclass Derived(Base):\n    pass\n"

    assert fingerprint(module_from(source.format(1)).Derived) != fingerprint(module_from(source.format(2)).Derived)


def test_a_method_of_an_object_carries_the_object():
    assert fingerprint(Shift(1.0).transform) == fingerprint(Shift(1.0).transform)
    assert fingerprint(Shift(1.0).transform) != fingerprint(Shift(2.0).transform)


def test_objects_of_any_class_are_told_by_what_pickling_keeps():
    class Rule:
        def __init__(self, limit):
            self.limit = limit

    assert fingerprint(Rule(1)) == fingerprint(Rule(1))
    assert fingerprint(Rule(1)) != fingerprint(Rule(2))


def test_a_value_that_holds_itself_is_encoded():
    own: list = [1]
    own.append(own)
    other: list = [2]
    other.append(other)

    assert fingerprint(own) == fingerprint(copy.deepcopy(own))
    assert fingerprint(own) != fingerprint(other)


def test_what_cannot_be_told_is_an_error_that_names_it():
    with pytest.raises(UnencodableError, match=r"^_thread\.lock: "):
        fingerprint({"step": FunctionTransformer(kw_args={"lock": threading.Lock()})})


STABLE = """
    import numpy as np
    from scipy.stats import loguniform
    from sklearn.feature_extraction.text import TfidfVectorizer

    def words(text, stops=frozenset({"the", "a", "of"})):
        return [word for word in text.split() if word not in {"and", "or"} | stops]

    class Counted(TfidfVectorizer):
        languages = {"en", "de", "fr"}

    values = (
        Counted(tokenizer=words, stop_words=["x"]), np.arange(4.0), loguniform(1, 2), {"x", "y", "z"}, np.log, np.mean
    )
"""


def test_keys_are_equal_in_every_process():
    source = textwrap.dedent(STABLE) + "\nfrom multisearch._fingerprint import fingerprint\nprint(fingerprint(values))"
    environment = {**os.environ, "PYTHONHASHSEED": "1", "PYTHONPATH": os.pathsep.join(sys.path)}

    elsewhere = subprocess.run(
        [sys.executable, "-c", source], env=environment, capture_output=True, text=True, check=True
    ).stdout.strip()

    module = module_from(STABLE, name="__main__")
    assert module.Counted.__mro__[1] is TfidfVectorizer
    assert elsewhere == fingerprint(module.values)


class Lag(TransformerMixin, BaseEstimator):
    """A transformer whose ``memory`` is no cache."""

    def __init__(self, memory=1):
        self.memory = memory


def test_a_parameter_that_only_scikit_learn_gives_no_meaning_counts_elsewhere():
    assert fingerprint(Lag(1)) != fingerprint(Lag(2))
    cached = Pipeline([("lag", Lag())], memory="cache")
    assert fingerprint(Cloned(Pipeline([("lag", Lag())]))) == fingerprint(Cloned(cached))


def test_attributes_of_a_function_are_part_of_it():
    def first_columns(count):
        def first(X):
            return X[:, : first.count]

        first.count = count
        return first

    assert fingerprint(first_columns(1)) == fingerprint(first_columns(1))
    assert fingerprint(first_columns(1)) != fingerprint(first_columns(2))
