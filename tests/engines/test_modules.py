import importlib
import os
import sys
from pathlib import Path

import pytest
from lightgbm import LGBMRegressor
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from multisearch.engines._modules import UserModules, import_ahead, modules_of


@pytest.fixture
def module(tmp_path, monkeypatch):
    (tmp_path / "of_the_users.py").write_text("VALUE = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("of_the_users")
    sys.modules.pop("of_the_users", None)


def edit(module):
    with Path(module.__file__).open("a") as file:
        file.write("VALUE = 2\n")


def test_nothing_changes_by_itself(module):
    modules = UserModules()
    assert modules.changed() == modules.changed() == []


def test_an_edited_file_is_a_change_until_it_is_seen_as_it_is(module):
    modules = UserModules()
    edit(module)
    assert modules.changed() == modules.changed() == ["of_the_users"]
    assert UserModules().changed() == []


def test_a_touched_file_is_a_change(module):
    modules = UserModules()
    os.utime(module.__file__, (1, 1))
    assert modules.changed() == ["of_the_users"]


def test_a_module_loaded_again_is_a_change(module):
    modules = UserModules()
    importlib.reload(module)
    assert modules.changed() == ["of_the_users"]


def test_a_module_that_was_let_go_may_still_be_in_workers(module):
    modules = UserModules()
    del sys.modules["of_the_users"]
    assert modules.changed() == []
    edit(module)
    assert modules.changed() == ["of_the_users"]


def test_a_module_imported_later_counts_from_then_on(tmp_path, monkeypatch):
    modules = UserModules()
    (tmp_path / "of_the_users.py").write_text("VALUE = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("of_the_users")
    try:
        assert modules.changed() == []
        edit(module)
        assert modules.changed() == ["of_the_users"]
    finally:
        del sys.modules["of_the_users"]


def test_a_file_that_is_gone_is_no_change(module, tmp_path):
    modules = UserModules()
    (tmp_path / "of_the_users.py").unlink()
    assert modules.changed() == []


def test_libraries_stay_as_they_are(module):
    known = UserModules()._known
    assert "of_the_users" in known
    assert not {"numpy", "sklearn", "json", "pytest", "__main__"} & known.keys()


def test_modules_of_estimators_are_those_of_all_their_classes(two_pipelines):
    class Own(LGBMRegressor):
        pass

    assert modules_of([two_pipelines[0][1]]) == ()
    pipeline = Pipeline([("scale", StandardScaler()), ("model", Own())])
    assert modules_of([pipeline]) == ("lightgbm.sklearn", __name__)
    assert modules_of([GridSearchCV(LGBMRegressor(), {})]) == ("lightgbm.sklearn",)


def test_imports_ahead_that_fail_do_no_harm(tmp_path, monkeypatch):
    (tmp_path / "ends_everything.py").write_text("raise SystemExit\n")
    (tmp_path / "of_the_users.py").write_text("VALUE = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    import_ahead(["not_installed", "ends_everything", "of_the_users"])
    assert sys.modules.pop("of_the_users").VALUE == 1
