import importlib
import sys

import pytest
from pairs import Shift, module_from
from sklearn.base import OneToOneFeatureMixin
from sklearn.decomposition import PCA
from sklearn.metrics import accuracy_score
from sklearn.preprocessing import StandardScaler
from sklearn.utils.murmurhash import murmurhash3_int_s32

from multisearch._fingerprint import Cloned, UnencodableError, _origin, fingerprint

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


def test_attributes_of_a_function_are_part_of_it():
    def first_columns(count):
        def first(X):
            return X[:, : first.count]

        first.count = count
        return first

    assert fingerprint(first_columns(1)) == fingerprint(first_columns(1))
    assert fingerprint(first_columns(1)) != fingerprint(first_columns(2))


HELPER = "factor = 2\ndef g(X):\n    return X * factor\nclass G:\n    by = 1\n"
PACKAGE = {"pkg____init__": "", "pkg__helper": HELPER}


@pytest.mark.parametrize(
    "steps",
    [
        "import helper\ndef f(X):\n    return helper.g(X)",
        "import helper as h\ndef f(X):\n    return h.g(X)",
        "from helper import g\ndef f(X):\n    return g(X)",
        "def f(X):\n    import helper\n    return helper.g(X)",
        "def f(X):\n    from helper import g\n    return g(X)",
        "def f(X):\n    from helper import factor\n    return X * factor",
        "import helper\ndef f(X):\n    return X * helper.factor",
        "import helper\ndef make():\n    import helper as h\n    return lambda X: h.g(X)\nf = make()",
        "import helper\ndef f(X):\n    return (lambda x: helper.g(x))(X)",
        "import pkg.helper\ndef f(X):\n    return pkg.helper.g(X)",
        "from pkg import helper\ndef f(X):\n    return helper.g(X)",
        "import pkg.helper as h\ndef f(X):\n    return h.g(X)",
        "def f(X):\n    import pkg.helper\n    return pkg.helper.g(X)",
        "def f(X):\n    from pkg import helper\n    return helper.g(X)",
        "def f(X):\n    from pkg.helper import g\n    return g(X)",
        "import helper\nclass T:\n    def __call__(self, X):\n        return helper.g(X)\nf = T()",
        "import helper\nclass T:\n    pass\nf = T()\nf.module = helper",
        "import functools, helper\nf = functools.partial(helper.g)",
        "import between\ndef f(X):\n    return between.h(X)",
    ],
)
def test_what_code_takes_from_other_modules_of_the_users_counts(users, steps):
    def key(source):
        between = "import helper\ndef h(X):\n    return helper.g(X)"
        users.write(helper=source, pkg____init__="", pkg__helper=source, between=between, steps=steps)
        return fingerprint(importlib.import_module("steps").f)

    before = key(HELPER)

    assert key(HELPER.replace("factor = 2", "factor = 3")) != before
    assert (key(HELPER.replace("X * factor", "X + factor")) != before) == ("factor" not in steps)
    assert key(HELPER) == before


def test_a_relative_import_in_a_body_is_followed(users):
    def key(source):
        users.write(
            **PACKAGE | {"pkg__helper": source, "pkg__steps": "def f(X):\n    from . import helper\n    helper.g(X)"}
        )
        return fingerprint(importlib.import_module("pkg.steps").f)

    assert key(HELPER) != key(HELPER.replace("= 2", "= 3"))


def test_what_counts_is_the_code_that_is_loaded_not_the_file(users):
    users.write(helper=HELPER)
    helper = importlib.import_module("helper")
    before = fingerprint(helper.g)

    (users.folder / "helper.py").write_text(HELPER.replace("= 2", "= 3"))
    assert fingerprint(helper.g) == before

    helper.factor = 3
    assert fingerprint(helper.g) != before


def test_a_module_that_is_not_there_is_no_error(users):
    users.write(steps="def f(X):\n    import a_module_that_nobody_has\n    return X")

    assert fingerprint(importlib.import_module("steps").f) != fingerprint(lambda X: X)


def test_modules_that_import_each_other_are_walked_once(users):
    users.write(
        one="import two\ndef f(X):\n    return two.g(X)",
        two="import one\nk = 1\ndef g(X):\n    return one.f(X) + k",
    )

    assert fingerprint(importlib.import_module("one").f)


def test_a_librarys_function_counts_by_its_name_and_version(monkeypatch):
    before = fingerprint(accuracy_score)
    assert fingerprint(accuracy_score) == before

    monkeypatch.setattr(sys.modules["sklearn"], "__version__", "0.1")
    assert fingerprint(accuracy_score) != before
    assert fingerprint(PCA) != fingerprint(StandardScaler)


def test_a_method_put_into_a_librarys_class_counts(monkeypatch):
    before = fingerprint(Cloned(StandardScaler()))

    monkeypatch.setattr(OneToOneFeatureMixin, "get_feature_names_out", lambda self: [])
    assert fingerprint(Cloned(StandardScaler())) != before


def test_compiled_code_of_nobodys_library_is_refused(monkeypatch):
    monkeypatch.setattr(_origin, "_library_folders", lambda: ())

    with pytest.raises(UnencodableError, match="compiled"):
        fingerprint(murmurhash3_int_s32)
