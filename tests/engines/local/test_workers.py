import importlib
import logging
import os
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from importlib.metadata import version
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import psutil
import pytest
from helpers import assert_same_results
from lightgbm import LGBMRegressor
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.utils.fixes import parse_version

from multisearch import MultiModelSearchCV
from multisearch.arguments import prepare
from multisearch.engines import open_engine
from multisearch.engines.local import _workers
from multisearch.engines.local._workers import local_workers


@pytest.fixture
def workers():
    with local_workers(2) as workers:
        yield workers.client


def test_workers_are_kept_for_the_next_search(workers, two_pipelines, regression):
    before = set(workers.nthreads())
    MultiModelSearchCV(two_pipelines, n_jobs=2).fit(*regression)
    with local_workers(2) as still:
        assert still.client is workers
    assert set(workers.nthreads()) == before


def test_a_search_begins_with_all_workers_although_one_had_just_closed_itself(workers, regression):
    workers.retire_workers([next(iter(workers.nthreads()))])
    search = MultiModelSearchCV([("ridge", Ridge(), {"alpha": [0.1, 1.0]})], n_jobs=2).fit(*regression)
    assert search.search_stats_.workers == 2


def test_everything_we_start_listens_on_loopback_only(workers):
    processes = psutil.Process().children(recursive=True)
    listening = [
        connection.laddr.ip
        for process in processes
        for connection in process.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert listening
    assert set(listening) == {"127.0.0.1"}


def test_native_threads_times_workers_are_the_cores(workers):
    def limits():
        import threadpoolctl

        return {library["num_threads"] for library in threadpoolctl.threadpool_info()}

    expected = max(1, joblib.cpu_count() // 2)
    assert list(workers.run(limits).values()) == [{expected}] * 2


@pytest.fixture(params=[1, 3])
def n_cores(request, monkeypatch):
    """Let there seem to be so many cores, and start one worker for which they all are."""
    retire_single_worker()
    monkeypatch.setattr(joblib, "cpu_count", lambda: request.param)
    yield request.param
    retire_single_worker()


def retire_single_worker():
    with _workers._lock:
        _workers._retire((os.getpid(), 1))


def native_threads():
    """Return the threads of this process that are no threads of Python's."""
    ours = {thread.native_id for thread in threading.enumerate()}
    return {int(task.name) for task in Path("/proc/self/task").iterdir()} - ours


def test_lightgbm_without_n_jobs_takes_its_share_on_a_worker(n_cores):
    X = np.random.default_rng(0).standard_normal((5_000, 8))
    model = CountsItsThreads(n_estimators=2, verbose=-1)
    one_split = [(np.arange(4_000), np.arange(4_000, 5_000))]
    search = MultiModelSearchCV([("trees", model, {})], cv=one_split, n_jobs=1, scheduler="local", refit=False)
    search.set_params(scoring=counted_threads).fit(X, X[:, 0])
    assert search.cv_results_["mean_test_score"] == [n_cores]


class CountsItsThreads(LGBMRegressor):
    """Counts the threads that are there after its fit and were not before: OpenMP keeps them for the next."""

    def fit(self, X, y):
        before = native_threads()
        super().fit(X, y)
        self.threads_ = 1 + len(native_threads() - before)
        return self


def counted_threads(model, X, y):
    return model.threads_


@pytest.mark.slow
@pytest.mark.parametrize("n_cores", [3], indirect=True)
def test_tensorflow_takes_its_share_on_a_worker(n_cores, regression):
    if parse_version(version("tensorflow")) < parse_version("2.21"):
        pytest.skip("TensorFlow names its threads since 2.21")
    from scikeras.wrappers import KerasRegressor

    network = KerasRegressor(linear, loss="mean_squared_error", epochs=2, verbose=0, random_state=0)
    search = MultiModelSearchCV([("keras", network, {})], cv=2, n_jobs=1, scheduler="local", refit=False)
    search.set_params(scoring=threads_of_tensorflow).fit(*regression)
    assert list(search.cv_results_["mean_test_score"]) == [n_cores]


def linear(meta):
    import keras

    return keras.Sequential([keras.Input((meta["n_features_in_"],)), keras.layers.Dense(1)])


def threads_of_tensorflow(model, X, y):
    """Count the threads that TensorFlow computes with."""
    names = [(task / "comm").read_text().strip() for task in Path("/proc/self/task").iterdir()]
    return names.count("tf_Compute")


def test_this_process_keeps_its_environment(two_pipelines, regression):
    script = """
    import os
    before = dict(os.environ)
    from multisearch import MultiModelSearchCV
    from multisearch.engines.local._workers import close_local_workers
    from sklearn.datasets import make_regression
    from sklearn.linear_model import Ridge
    MultiModelSearchCV([("ridge", Ridge(), {})], n_jobs=2).fit(*make_regression(50, 3))
    assert dict(os.environ) == before
    close_local_workers()
    assert dict(os.environ) == before
    """
    run_script(script)


def test_a_script_needs_no_guard_and_leaves_no_process(tmp_path):
    (tmp_path / "beside.py").write_text("def half(X):\n    return X / 2\n")
    script = """
    import os, psutil
    from beside import half
    from multisearch import MultiModelSearchCV
    from sklearn.base import BaseEstimator, RegressorMixin
    from sklearn.datasets import make_regression
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    class Own(Ridge):
        pass

    pipeline = make_pipeline(FunctionTransformer(half), Own())
    search = MultiModelSearchCV([("own", pipeline, {"own__alpha": [1.0, 2.0]})], n_jobs=2)
    search.fit(*make_regression(50, 3, random_state=0))
    print(search.search_stats_.workers, type(search.best_estimator_[-1]).__name__)
    print(*(child.pid for child in psutil.Process().children(recursive=True)))
    """
    workers, pids = run_script(script, tmp_path).splitlines()
    assert workers == "2 Own"
    assert pids
    left = [psutil.Process(pid) for pid in map(int, pids.split()) if psutil.pid_exists(pid)]
    assert not psutil.wait_procs(left, timeout=30)[1]


def test_searches_leave_nothing_mapped_in_workers(workers):
    X = np.random.default_rng(0).standard_normal((20_000, 8))
    search = MultiModelSearchCV([("ridge", Ridge(), {"alpha": [0.1, 1.0]})], cv=2, refit=False, n_jobs=2)
    with local_workers(2) as ours:
        folders = [str(folder) for folder in ours.folders]

    def mapped(folders):
        lines = Path("/proc/self/maps").read_text().splitlines()
        return sum(folder in line and "dask" not in line for line in lines for folder in folders)

    for _ in range(4):
        search.fit(X, X[:, 0])
    deadline = time.monotonic() + 10
    while any(workers.run(mapped, folders).values()) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert set(workers.run(mapped, folders).values()) == {0}
    assert not [file for folder in ours.folders for file in folder.iterdir() if file.is_file()]


def test_results_on_data_that_is_mapped_are_those_of_this_process(tmp_path, workers):
    X = np.asfortranarray(np.random.default_rng(0).standard_normal((20_000, 8)))
    np.save(tmp_path / "X.npy", X)
    search = MultiModelSearchCV([("ridge", Ridge(), {"alpha": [0.1, 1.0]})], cv=2, n_jobs=2)
    weight = np.linspace(1, 2, len(X))
    for given in (X, X[:, ::2], pd.DataFrame(X), np.load(tmp_path / "X.npy", mmap_mode="r")):
        ours = search.fit(given, X[:, 0], sample_weight=weight)
        alone = clone(search).set_params(scheduler="inline").fit(given, X[:, 0], sample_weight=weight)
        assert_same_results(alone.cv_results_, ours.cv_results_)
        np.testing.assert_array_equal(alone.best_estimator_.coef_, ours.best_estimator_.coef_)


def test_workers_import_what_estimators_need_before_their_first_task(tmp_path, monkeypatch, workers, regression):
    (tmp_path / "with_a_model.py").write_text(
        "from sklearn.linear_model import Ridge\nclass Imported(Ridge):\n    pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("with_a_model")
    preparation = prepare(MultiModelSearchCV([("own", module.Imported(), {})]), *regression, {})

    def imported():
        return "with_a_model" in sys.modules

    with open_engine(2, "local") as engine:
        engine.start(preparation.problem)
        deadline = time.monotonic() + 10
        while not all(workers.run(imported).values()) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert list(workers.run(imported).values()) == [True] * 2
    monkeypatch.delitem(sys.modules, "with_a_model")


class ScoresByTheEnvironment(Ridge):
    def score(self, X, y):
        return float(os.environ.get("A_SCORE_OF_THE_USERS", "0"))


@pytest.mark.slow
def test_a_variable_that_is_set_later_reaches_workers_that_are_started_anew(monkeypatch, caplog, regression):
    search = MultiModelSearchCV([("ridge", ScoresByTheEnvironment(), {})], n_jobs=2, refit=False)

    def score():
        return search.fit(*regression).cv_results_["mean_test_score"].item()

    assert score() == 0
    before = local_pids()
    monkeypatch.setenv("A_SCORE_OF_THE_USERS", "3")
    with caplog.at_level(logging.INFO, "multisearch"):
        assert score() == 3
    assert "started anew, because of changes in A_SCORE_OF_THE_USERS" in caplog.text
    assert before.isdisjoint(local_pids())
    kept = local_pids()
    monkeypatch.setenv("COLUMNS", "77")
    assert score() == 3
    assert local_pids() == kept
    monkeypatch.delenv("A_SCORE_OF_THE_USERS")
    assert score() == 0


def local_pids():
    with local_workers(2) as workers:
        return set(workers.client.run(os.getpid).values())


def test_workers_that_another_search_uses_are_closed_after_it(monkeypatch):
    with local_workers(1) as first:
        monkeypatch.setattr(first, "are_up_to_date", lambda: False)
        with local_workers(1) as second:
            assert second is not first
            assert list(first.client.run(os.getpid)) != list(second.client.run(os.getpid))
    assert first.client.status == "closed"


def test_workers_of_an_interrupted_search_are_closed():
    with pytest.raises(KeyboardInterrupt), local_workers(1) as second:
        raise KeyboardInterrupt
    assert second.client.status == "closed"


@pytest.mark.slow
def test_a_forked_process_leaves_the_workers_alone(workers):
    script = """
    import os
    import warnings
    from multisearch import MultiModelSearchCV
    from sklearn.datasets import make_regression
    from sklearn.linear_model import Ridge

    data = make_regression(50, 3)
    search = MultiModelSearchCV([("ridge", Ridge(), {})], n_jobs=2).fit(*data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads, since Python 3.12
        child = os.fork()
    if child == 0:
        raise SystemExit(3)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
    assert search.fit(*data).search_stats_.workers == 2
    """
    run_script(script)


def run_script(script, folder=None):
    """Run a script as a user would, from a file; return what it prints."""
    with tempfile.TemporaryDirectory() as own:
        file = Path(folder or own) / "script.py"
        file.write_text(textwrap.dedent(script))
        done = subprocess.run([sys.executable, file], capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout
