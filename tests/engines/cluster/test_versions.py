import sys

import pytest
from distributed import Client
from sklearn.linear_model import Ridge
from sklearn.preprocessing import FunctionTransformer

from multisearch.engines.cluster._versions import check_modules, check_versions, module_not_found


@pytest.fixture
def only_here(tmp_path, monkeypatch):
    """Give a module that this process alone can import."""
    (tmp_path / "only_here.py").write_text("def doubled(X):\n    return 2 * X\n")
    monkeypatch.syspath_prepend(tmp_path)
    import only_here  # type: ignore[import-not-found]

    yield only_here
    del sys.modules["only_here"]


def test_equal_versions_are_no_matter(client):
    check_versions(client, [Ridge()])


def test_versions_that_differ_are_listed_side_by_side(client, monkeypatch):
    monkeypatch.setattr(sys.modules["scipy"], "__version__", "0.1")
    with pytest.raises(RuntimeError, match="must have the same versions") as told:
        check_versions(client, [Ridge()])
    _, header, *rows = str(told.value).splitlines()
    assert header.split() == ["scipy"]
    assert [row.split()[0] for row in rows][:2] == ["client", "scheduler"]
    assert len(rows) == 4
    assert rows[0].split() == ["client", "0.1"]


def test_a_library_is_asked_for_on_workers_only_where_an_estimator_comes_from_it(client, monkeypatch):
    from lightgbm import LGBMRegressor

    monkeypatch.setattr(sys.modules["lightgbm"], "__version__", "0.1")
    check_versions(client, [Ridge()])
    with pytest.raises(RuntimeError, match="lightgbm"):
        check_versions(client, [Ridge(), LGBMRegressor()])


def test_modules_of_pickled_things_are_looked_for_on_workers(client, only_here):
    check_modules(client, FunctionTransformer(len))
    with pytest.raises(ModuleNotFoundError, match=r"no module 'only_here'.*upload_file") as told:
        check_modules(client, FunctionTransformer(only_here.doubled))
    assert told.value.name == "only_here"


def test_a_module_that_a_function_refers_to_is_looked_for_too(client, only_here):
    def tripled(X):
        return only_here.doubled(X) + X

    with pytest.raises(ModuleNotFoundError, match="only_here"):
        check_modules(client, FunctionTransformer(tripled))


def test_nothing_of_the_users_is_touched_by_looking_for_modules(client):
    class Own(Ridge):
        def fit(self, X, y):
            return self

    fit = Own.fit
    check_modules(client, Own())
    assert Own.fit is fit


def test_the_way_out_is_named():
    assert "the image" in str(module_not_found("mine", "tcp://10.0.0.1:4000"))


def test_a_client_without_workers_has_nothing_to_disagree_with():
    with Client(n_workers=0, processes=False, dashboard_address="127.0.0.1:0") as alone:
        check_versions(alone, [Ridge()])
