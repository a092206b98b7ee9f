import importlib
import os
import sys
import types

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from multisearch import MultiModelSearchCV
from multisearch._fingerprint._origin import (
    ByFile,
    ByName,
    _library_folders,
    file_of,
    found_under,
    is_compiled,
    version_of,
)


@pytest.mark.parametrize(
    "name", ["sklearn.base", "numpy", "json", "importlib._bootstrap", "sys", "multisearch.estimator._search_cv"]
)
def test_what_is_installed_and_this_library_are_not_the_users(name):
    origin = ByFile()

    assert not origin.is_users(name, file_of(importlib.import_module(name)))
    assert origin.modules == set()


def test_what_lies_elsewhere_is_the_users_and_so_is_what_has_no_file(users):
    users.write(helper="", pkg____init__="")
    origin = ByFile()

    for name in ("helper", "pkg"):
        assert origin.is_users(name, file_of(importlib.import_module(name)))
    assert origin.is_users("made_at_run_time", None)
    assert origin.is_users("__main__", str(users.folder / "script.py"))
    assert origin.modules == {"helper", "pkg", "made_at_run_time", "__main__"}


def test_a_folder_beside_the_librarys_with_its_name_in_front_is_the_users():
    folder = min(_library_folders(), key=len)

    assert not ByFile().is_users("a", f"{folder}a.py")
    assert ByFile().is_users("a", f"{folder.rstrip(os.sep)}-of-mine{os.sep}a.py")


def test_another_process_is_taken_at_its_word():
    origin = ByName(frozenset({"helper"}))

    assert origin.is_users("helper", file_of(sys.modules["sklearn"]))
    assert not origin.is_users("other", None)


def test_things_are_found_under_the_names_that_lead_to_them():
    assert found_under("sklearn.preprocessing._data", "StandardScaler.fit") is StandardScaler.fit
    assert found_under("sklearn.preprocessing._data", "NoSuchThing") is None
    assert found_under("no_such_module", "f") is found_under(None, "f") is found_under("sys", None) is None


def test_versions_are_those_of_the_package(monkeypatch):
    assert version_of("numpy.linalg") == np.__version__
    assert version_of("json.decoder") == ""
    assert version_of(MultiModelSearchCV.__module__) != ""
    monkeypatch.setitem(sys.modules, "nameless", types.ModuleType("nameless"))
    assert version_of("nameless.part") == "of no known version"


def test_a_lazy_module_is_not_asked():
    class Lazy(types.ModuleType):
        def __getattr__(self, name):
            raise AssertionError(name)

    assert file_of(Lazy("lazy")) is None
    assert file_of(None) is None


@pytest.mark.parametrize(
    ("file", "is_so"), [("a/b.cpython-311.so", True), ("a/b.pyd", True), ("a/b.py", False), (None, False)]
)
def test_compiled_modules_are_known_by_their_files(file, is_so):
    assert is_compiled(file) == is_so
