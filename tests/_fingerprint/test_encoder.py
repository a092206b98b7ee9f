import copy
import enum
import functools
import json
import os
import pickle
import subprocess
import sys
import textwrap
import threading
import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pairs import DIFFERENT, EQUAL, Shift, module_from, sources
from scipy.stats import loguniform, norm, uniform
from sklearn.base import BaseEstimator
from sklearn.decomposition import PCA
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from multisearch._fingerprint import Cloned, Fingerprints, UnencodableError, fingerprint

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


@pytest.fixture(scope="module")
def keys():
    """Return the key of every value that is described in `pairs`, made in this process."""
    return {what: fingerprint(module_from(source).value) for what, source in sources()}


def changes_of(pairs):
    return [(what, number) for what, (_, changes) in pairs.items() for number in range(len(changes))]


@pytest.mark.parametrize(("what", "number"), changes_of(DIFFERENT))
def test_whatever_differs_has_another_key(keys, what, number):
    assert keys[what] != keys[f"{what}, {number}"]


@pytest.mark.parametrize(("what", "number"), changes_of(EQUAL))
def test_what_makes_no_difference_has_the_same_key(keys, what, number):
    assert keys[what] == keys[f"{what}, {number}"]


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_keys_are_the_same_in_a_process_with_another_hash_seed(keys, hash_seed):
    program = (
        "import json, pairs\nfrom multisearch._fingerprint import fingerprint\n"
        "print(json.dumps({what: fingerprint(pairs.module_from(source).value) for what, source in pairs.sources()}))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)}

    said = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)

    assert json.loads(said.stdout) == keys


def test_a_key_does_not_depend_on_what_else_was_asked_for(keys):
    asked_before = Fingerprints()

    for what, source in sources():
        value = module_from(source).value
        assert asked_before(value) == asked_before(value) == keys[what], what


@pytest.mark.parametrize(
    "untold",
    [
        threading.Lock(),
        (number for number in range(3)),
        memoryview(b"bytes"),
        sys.stdout,
        np.frompyfunc(lambda x: x, 1, 1),
        weakref.ref(Shift),
    ],
)
def test_what_has_no_content_that_could_be_told_is_refused(untold):
    class Holder(BaseEstimator):
        def __init__(self, held=None):
            self.held = held

    for value in (untold, [untold], {"a": untold}, Holder(untold), lambda: untold, functools.partial(print, untold)):
        with pytest.raises(UnencodableError, match=r"^\w+\."):
            fingerprint(Cloned(value))


@pytest.mark.parametrize("method", ["__reduce_ex__", "__getattribute__", "__iter__"])
def test_an_object_that_fails_when_it_is_looked_at_is_refused(method):
    def fail(*_):
        raise RuntimeError("do not look")

    with pytest.raises(UnencodableError):
        fingerprint(type("Shy", (list,), {method: fail, "__reduce__": fail})([1]))


def test_a_structure_too_deep_to_walk_is_refused():
    deep = []
    for _ in range(100_000):
        deep = [deep]

    with pytest.raises(UnencodableError, match="recursion"):
        fingerprint(deep)


def test_a_tolerant_key_tells_as_much_as_can_be_told():
    one, same, other = ([1, threading.Lock()], [1, threading.Lock()], [2, threading.Lock()])

    def key(value):
        return Fingerprints(tolerant=True)(value)

    assert key(one) == key(same) != key(other)
    assert key([1, threading.Lock()]) != key([1, threading.RLock()])
