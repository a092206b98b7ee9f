import os
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import joblib
import psutil
import pytest
from lightgbm import LGBMRegressor

from multisearch import MultiModelSearchCV
from multisearch.engines._local import local_client


@pytest.fixture(scope="module")
def workers():
    return local_client(2)


def test_workers_are_kept_for_the_next_search(workers, two_pipelines, regression):
    before = set(workers.nthreads())
    MultiModelSearchCV(two_pipelines, n_jobs=2).fit(*regression)
    assert local_client(2) is workers
    assert set(workers.nthreads()) == before


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


def test_lightgbm_without_n_jobs_takes_its_share_on_a_worker(workers, regression):
    search = MultiModelSearchCV([("trees", SaysItsThreads(n_estimators=2, verbose=-1), {})], cv=2, n_jobs=2)
    search.set_params(scoring=said_threads, refit=False).fit(*regression)
    assert set(search.cv_results_["mean_test_score"]) == {max(1, joblib.cpu_count() // 2)}


class SaysItsThreads(LGBMRegressor):
    def fit(self, *args, **kwargs):
        self.threads_ = self.n_jobs
        return super().fit(*args, **kwargs)


def said_threads(model, X, y):
    return model.threads_


def test_tensorflow_takes_its_share_on_a_worker(workers):
    def limit():
        from multisearch.families._keras import _limit_tensorflow

        _limit_tensorflow(int(os.environ["OMP_NUM_THREADS"]))
        import tensorflow as tf

        return tf.config.threading.get_intra_op_parallelism_threads()

    expected = max(1, joblib.cpu_count() // 2)
    assert set(workers.run(limit).values()) == {expected}


def test_this_process_keeps_its_environment(two_pipelines, regression):
    script = """
    import os
    before = dict(os.environ)
    from multisearch import MultiModelSearchCV
    from multisearch.engines._local import close_local_workers
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


def run_script(script, folder=None):
    """Run a script as a user would, from a file; return what it prints."""
    with tempfile.TemporaryDirectory() as own:
        file = Path(folder or own) / "script.py"
        file.write_text(textwrap.dedent(script))
        done = subprocess.run([sys.executable, file], capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout
