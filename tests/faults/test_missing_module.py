"""Workers don't have the user's module: an error that says what to do, and doing it helps."""

import importlib
import sys

import pytest
from distributed import Client
from faults._processes import scheduler, worker
from faults._traced import SPLITS, X, y
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from multisearch import MultiModelSearchCV

pytestmark = pytest.mark.timeout(240)

MODULE = """
from sklearn.linear_model import Ridge

class Own(Ridge):
    pass

def half(X):
    return X / 2

def worst(estimator, X, y):
    return -abs(y - estimator.predict(X)).max()
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cluster")
    with scheduler(folder) as (_, address), worker(address, folder):
        yield address


@pytest.fixture(params=["own_class", "own_function", "own_scorer"])
def module(request, tmp_path, monkeypatch):
    """A module of the client's, which is new to the workers in every test."""
    (tmp_path / f"{request.param}.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module(request.param)
    del sys.modules[request.param]


def search_with(module):
    estimators = {
        "own_class": module.Own(),
        "own_function": make_pipeline(FunctionTransformer(module.half), Ridge()),
        "own_scorer": Ridge(),
    }
    scoring = module.worst if module.__name__ == "own_scorer" else None
    return MultiModelSearchCV([("own", estimators[module.__name__], {})], cv=SPLITS, scoring=scoring)


def test_the_error_names_it_and_the_way_out(address, module):
    search = search_with(module)
    with Client(address) as client:
        client.wait_for_workers(1, timeout=30)
        with pytest.raises(ModuleNotFoundError, match=rf"{module.__name__}(?s:.*)upload_file") as raised:
            search.fit(X, y)
        assert raised.value.name == module.__name__
        client.upload_file(module.__file__)
        search.fit(X, y)
    assert search.best_score_ == search_with(module).set_params(scheduler="inline").fit(X, y).best_score_
