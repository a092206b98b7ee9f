"""Client, scheduler and workers have different packages: no work, but a table of what differs."""

import lightgbm
import pytest
import sklearn
from distributed import Client
from faults._processes import scheduler, worker
from faults._traced import X, fits_in, search_in, set_pace, y
from lightgbm import LGBMRegressor

import multisearch

pytestmark = pytest.mark.timeout(240)

OTHER_VERSION = "0.0.1"


def other_lightgbm(folder):
    (folder / "lightgbm").mkdir()
    (folder / "lightgbm" / "__init__.py").write_text(f"__version__ = {OTHER_VERSION!r}\n")


def other_sklearn(folder):
    (folder / "sitecustomize.py").write_text(f"import sklearn\nsklearn.__version__ = {OTHER_VERSION!r}\n")


def no_multisearch(folder):
    (folder / "sitecustomize.py").write_text(
        "import sys\n"
        "from pathlib import Path\n"
        "sys.path[:] = [entry for entry in sys.path if not Path(entry, 'multisearch').is_dir()]\n"
    )


CASES = {
    "lightgbm": (other_lightgbm, lightgbm.__version__, OTHER_VERSION),
    "sklearn": (other_sklearn, sklearn.__version__, OTHER_VERSION),
    "multisearch": (no_multisearch, multisearch.__version__, "missing"),
}


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A cluster with one worker as it should be."""
    folder = tmp_path_factory.mktemp("cluster")
    with scheduler(folder) as (_, address), worker(address, folder):
        yield address


def assert_refused(folder, name, ours, theirs):
    set_pace(folder, 0)
    search = search_in(folder, worker_timeout=20)
    search.set_params(estimators=[*search.estimators, ("trees", LGBMRegressor(n_jobs=1, verbose=-1), {})])
    with pytest.raises(RuntimeError) as raised:
        search.fit(X, y)
    said = str(raised.value)
    for word in (name, ours, theirs, "client", "scheduler"):
        assert word in said
    assert fits_in(folder) == []


@pytest.mark.parametrize("package", CASES)
def test_a_worker_has_another_version_or_none(address, tmp_path, package):
    change, ours, theirs = CASES[package]
    changed = tmp_path / "changed"
    changed.mkdir()
    change(changed)
    with worker(address, tmp_path, path=[changed]), Client(address) as client:
        client.wait_for_workers(2, timeout=30)
        assert_refused(tmp_path, package, ours, theirs)


def test_the_scheduler_has_none(tmp_path):
    changed = tmp_path / "changed"
    changed.mkdir()
    no_multisearch(changed)
    with scheduler(tmp_path, path=[changed]) as (_, address), worker(address, tmp_path), Client(address) as client:
        client.wait_for_workers(1, timeout=30)
        assert_refused(tmp_path, "multisearch", multisearch.__version__, "missing")
