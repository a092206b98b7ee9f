"""The client's end of the process that hosts local workers."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import weakref
from contextlib import suppress
from pathlib import Path

import joblib

from multisearch.engines.local import _host
from multisearch.engines.local._quiet import QUIET

_SECONDS_TO_END = 5
_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)
_ALWAYS_GIVEN = {"OMP_WAIT_POLICY": "PASSIVE"}
_UNLESS_GIVEN = {
    "DASK_LOGGING__DISTRIBUTED": "warning",
    "MALLOC_TRIM_THRESHOLD_": "65536",  # gives memory back to the system
    "JE_ARROW_MALLOC_CONF": "background_thread:false",  # whoever forks has one thread only
    "TF_CPP_MIN_LOG_LEVEL": QUIET,  # every worker would tell of its start
    "PYTHONHASHSEED": "6640",  # any number does; without one, a set's order would differ from start to start
}
_SAYS_NOTHING = re.compile(
    # Of terminals and shells
    r"_|PWD|OLDPWD|SHLVL|COLUMNS|LINES|"
    # Set by a library when it is imported or used: the same happens in workers
    r"KMP_(INIT_AT_FORK|DUPLICATE_LIB_OK)|TF2_BEHAVIOR|TPU_ML_.*|ENABLE_RUNTIME_UPTIME_TELEMETRY|HDF5_PLUGIN_PATH|"
    r"_RJEM_MALLOC_CONF|CUDA_MODULE_LOADING|__DASK_PARENT_PID|MPLBACKEND|"
    # Of test runners
    r"PYTEST_.*"
)


class HostProcess:
    """Starts at once; ends when it is closed, or with this process, however that ends.

    Parameters
    ----------
    n_workers : int
        Each has one thread for tasks, and as many native ones as workers leave.
    """

    def __init__(self, n_workers: int) -> None:
        self.n_workers = n_workers
        threads = str(max(1, joblib.cpu_count() // n_workers))
        environment = {**dict.fromkeys(_THREAD_VARIABLES, threads), **_ALWAYS_GIVEN}
        self._variables = _telling_variables()
        receiver, sender = os.pipe()
        self._report = os.fdopen(receiver)
        try:
            self._process = subprocess.Popen(
                [sys.executable, _host.__file__],
                stdin=subprocess.PIPE,
                text=True,
                env={**_UNLESS_GIVEN, **os.environ, **environment},
                pass_fds=(sender,),
                start_new_session=True,  # an interrupt from the keyboard is for this process alone
            )
        finally:
            os.close(sender)
        _hosts.add(self)
        self._tell(
            n_workers=n_workers,
            environment=environment,
            report_to=sender,
            search_path=[entry or str(Path.cwd()) for entry in sys.path if isinstance(entry, str)],
        )

    def changed_variables(self) -> list[str]:
        """Return the names of environment variables that were set, removed or changed since it was started."""
        then, now = self._variables, _telling_variables()
        return sorted(name for name in then.keys() | now.keys() if then.get(name) != now.get(name))

    def _tell(self, **settings: object) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it has ended already, and says no address
            self._process.stdin.write(json.dumps(settings) + "\n")
            self._process.stdin.flush()

    def wait_until_ready(self) -> tuple[str, list[Path]]:
        """Return the scheduler's address, and folders that exist as long as the process.

        Raises
        ------
        RuntimeError
            Where the process ends instead; its reasons are on standard error.
        """
        with self._report:
            report = self._report.read()
        if not report:
            self.close()
            raise RuntimeError("local workers could not be started; standard error says why")
        said = json.loads(report)
        return said["address"], [Path(folder) for folder in said["folders"]]

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def close(self) -> None:
        """End the process and all that it has started."""
        self.let_go()
        try:
            self._process.wait(_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def let_go(self) -> None:
        """Stop keeping the process alive."""
        assert self._process.stdin is not None
        self._report.close()
        with suppress(BrokenPipeError):
            self._process.stdin.close()


def _telling_variables() -> dict[str, str]:
    """Return what workers are started with, but for what says nothing, or does not depend on this process."""
    variables = {**_UNLESS_GIVEN, **os.environ}
    ours = {*_THREAD_VARIABLES, *_ALWAYS_GIVEN}
    return {name: value for name, value in variables.items() if name not in ours and not _SAYS_NOTHING.fullmatch(name)}


_begun: dict[tuple[int, int], HostProcess] = {}


def begin(n_workers: int) -> None:
    """Start a host process that `host_process` is going to ask for, to do other things meanwhile."""
    _begun[os.getpid(), n_workers] = HostProcess(n_workers)


def host_process(n_workers: int) -> HostProcess:
    """Return a host process begun before, or start one."""
    return _begun.pop((os.getpid(), n_workers), None) or HostProcess(n_workers)


_hosts: weakref.WeakSet[HostProcess] = weakref.WeakSet()


def _let_go_of_all() -> None:
    for host in _hosts:
        host.let_go()


os.register_at_fork(after_in_child=_let_go_of_all)
