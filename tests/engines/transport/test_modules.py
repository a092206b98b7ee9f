import importlib
import sys

from lightgbm import LGBMRegressor
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from multisearch.engines.transport._modules import import_ahead, is_users_own, modules_of


def test_the_users_own_modules_are_those_that_are_not_installed(tmp_path, monkeypatch):
    (tmp_path / "of_the_users.py").write_text("VALUE = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module("of_the_users")
    names = ("of_the_users", "__main__", "numpy", "sklearn", "json")
    assert [name for name in names if is_users_own(name)] == ["of_the_users", "__main__"]
    del sys.modules["of_the_users"]


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
