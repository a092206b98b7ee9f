import logging
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import joblib
import numpy as np
import psutil
import pytest
from distributed import Client

from multisearch.engines.local import _host, _process
from multisearch.engines.local._process import HostProcess, begin, host_process


@pytest.fixture(scope="module")
def host():
    host = HostProcess(2)
    yield host
    host.close()


@pytest.fixture(scope="module")
def ready(host):
    return host.wait_until_ready()


@pytest.fixture
def connected(ready):
    with Client(ready[0], set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
        yield client


def descendants(process):
    return psutil.Process(process._process.pid).children(recursive=True)


def gone(processes, seconds=10):
    """Whether processes end; one that nobody asks for its exit code counts as ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not any(psutil.pid_exists(one.pid) and one.status() != psutil.STATUS_ZOMBIE for one in processes):
            return True
        time.sleep(0.02)
    return False


def test_variables_that_are_set_changed_or_removed_are_changes(host, monkeypatch):
    assert host.changed_variables() == []
    monkeypatch.setenv("OF_THE_USERS", "1")
    monkeypatch.delenv("PATH")
    assert host.changed_variables() == ["OF_THE_USERS", "PATH"]
    monkeypatch.undo()
    assert host.changed_variables() == []


@pytest.mark.parametrize("name", ["OMP_NUM_THREADS", "COLUMNS", "PWD", "_", "PYTEST_CURRENT_TEST", "TF2_BEHAVIOR"])
def test_variables_that_say_nothing_are_no_changes(host, monkeypatch, name):
    monkeypatch.setenv(name, "3")
    assert host.changed_variables() == []


def test_what_dasks_own_nannies_leave_here_is_what_workers_have_anyway(host, monkeypatch):
    monkeypatch.setenv("PYTHONHASHSEED", "6640")
    assert host.changed_variables() == []
    monkeypatch.setenv("PYTHONHASHSEED", "1")
    assert host.changed_variables() == ["PYTHONHASHSEED"]


@pytest.mark.slow
def test_libraries_change_nothing_when_they_are_imported():
    script = """
    from multisearch.engines.local._process import HostProcess
    host = HostProcess(1)
    import lightgbm, matplotlib.pyplot, sklearn.ensemble, dask, distributed
    try:
        import scikeras.wrappers
    except ImportError:
        pass
    print(host.changed_variables())
    host.close()
    """
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-c", textwrap.dedent(script)]
    said = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=250, check=True)
    assert said.stdout.strip() == "[]"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says how many threads a process has")
@pytest.mark.parametrize("n_cores", [1, 4])
def test_workers_are_forked_by_a_process_without_other_threads(monkeypatch, n_cores):
    monkeypatch.setattr(joblib, "cpu_count", lambda: n_cores)
    host = HostProcess(1)
    try:
        with Client(host.wait_until_ready()[0], set_as_default=False) as client:
            client.wait_for_workers(1, timeout=60)
            (parent,) = client.run(os.getppid).values()
        assert psutil.Process(parent).num_threads() == 1
    finally:
        host.close()


def test_workers_draw_different_numbers_after_their_plugin(connected):
    from multisearch.engines.local._workers import _AtHome

    connected.register_plugin(_AtHome([], logging.NOTSET))

    def draw():
        return np.random.rand()  # noqa: NPY002 - what an unseeded fit draws from

    drawn = connected.run(draw)
    assert len(set(drawn.values())) == 2


def test_they_have_the_environment_of_this_process(connected):
    expected = {name: os.environ.get(name, "") for name in ("PYTHONPATH", "PYTHONSAFEPATH")}

    def found(names):
        return {name: os.environ.get(name, "") for name in names}

    assert list(connected.run(found, list(expected)).values()) == [expected] * 2


def test_a_killed_worker_is_replaced(connected):
    before = connected.run(os.getpid)
    os.kill(min(before.values()), signal.SIGKILL)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        after = set(connected.run(os.getpid, on_error="ignore").values())
        if len(after) == 2 and after != set(before.values()):
            break
        time.sleep(0.1)
    assert len(after - set(before.values())) == 1


def test_only_the_owner_can_look_into_the_folders(ready):
    assert {folder.stat().st_mode & 0o777 for folder in ready[1]} == {0o700}


def test_it_ends_by_itself_also_in_the_midst_of_a_fit():
    host = HostProcess(2)
    address, folders = host.wait_until_ready()
    processes = descendants(host)
    with Client(address, set_as_default=False) as client:
        futures = [client.submit(hold_the_interpreter, number) for number in range(2)]
        time.sleep(0.2)
        host.close()
    assert host._process.returncode == 0, "it had to be killed, because it waited for something"
    assert gone(processes)
    assert not any(folder.exists() for folder in folders)
    del futures


def hold_the_interpreter(number):
    return sum(range(10**11))


def test_native_threads_work_in_forked_workers(monkeypatch):
    monkeypatch.setattr(joblib, "cpu_count", lambda: 4)

    def work(seed):
        import threadpoolctl
        from sklearn.ensemble import HistGradientBoostingRegressor

        X = np.random.default_rng(seed).standard_normal((500, 500))
        HistGradientBoostingRegressor(max_iter=3).fit(X, (X @ X)[0])
        return {library["num_threads"] for library in threadpoolctl.threadpool_info()}

    host = HostProcess(2)
    with Client(host.wait_until_ready()[0], set_as_default=False) as client:
        futures = client.map(work, range(4), pure=False)
        assert client.gather(futures) == [{2}] * 4
    host.close()


def test_a_process_that_was_begun_is_the_one_that_is_used(monkeypatch):
    monkeypatch.setattr(_host, "__file__", "-V")
    begin(3)
    begun = _process._begun[os.getpid(), 3]
    used, another = host_process(3), host_process(3)
    assert used is begun
    assert another is not begun
    used.close()
    another.close()


def test_a_host_that_cannot_start_is_an_error(tmp_path, monkeypatch, capfd):
    broken = tmp_path / "broken.py"
    broken.write_text("raise SystemExit('nothing works here')\n")
    monkeypatch.setattr(_host, "__file__", str(broken))
    with pytest.raises(RuntimeError, match="local workers could not be started"):
        HostProcess(2).wait_until_ready()
    assert "nothing works here" in capfd.readouterr().err


CLIENT = """
    import os, sys, time
    from multisearch import MultiModelSearchCV
    from multisearch.engines.local._workers import local_workers
    from sklearn.datasets import make_regression
    from sklearn.linear_model import Ridge

    class HoldsTheInterpreter(Ridge):
        def fit(self, X, y):
            open(self.solver, "a").close()
            sum(range(10**11))

    search = MultiModelSearchCV([("endless", HoldsTheInterpreter(solver=sys.argv[1]), {})], n_jobs=2)
    with local_workers(2) as workers:
        print(*workers.folders, flush=True)
    if os.fork() == 0:
        time.sleep(30)
        os._exit(0)
    search.fit(*make_regression(50, 3))
"""


def test_nothing_outlives_a_client_that_is_killed_in_the_midst_of_a_fit(tmp_path):
    script, started = tmp_path / "client.py", tmp_path / "started"
    script.write_text(textwrap.dedent(CLIENT))
    with subprocess.Popen([sys.executable, script, started], stdout=subprocess.PIPE, text=True) as client:
        folders = [Path(folder) for folder in client.stdout.readline().split()]
        while not started.exists():
            assert client.poll() is None
            time.sleep(0.05)
        assert any(file.is_file() for folder in folders for file in folder.iterdir())
        processes = psutil.Process(client.pid).children(recursive=True)
        forked = [process for process in processes if process.cmdline()[-2:] == [str(script), str(started)]]
        client.kill()
        assert gone([process for process in processes if process not in forked])
        assert not any(folder.exists() for folder in folders)
        for process in forked:
            process.kill()
