import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import dask
import pytest
from distributed import Client, Nanny, Scheduler

from multisearch.engines.local import _host


@pytest.fixture
def started():
    """Start the script as a client does; yield the process and the pipe on which it reports."""
    receiver, sender = os.pipe()
    process = subprocess.Popen(
        [sys.executable, _host.__file__], stdin=subprocess.PIPE, pass_fds=(sender,), start_new_session=True
    )
    os.close(sender)
    settings = {
        "n_workers": 1,
        "environment": {"OMP_NUM_THREADS": "1"},
        "report_to": sender,
        "search_path": [entry or str(Path.cwd()) for entry in sys.path],
    }
    process.stdin.write(json.dumps(settings).encode() + b"\n")
    process.stdin.flush()
    with os.fdopen(receiver) as report:
        yield process, report
    process.kill()
    process.communicate()


def test_it_reports_an_address_and_folders_and_leaves_nothing_when_its_input_ends(started):
    process, report = started
    said = json.loads(report.read())
    folders = [Path(folder) for folder in said["folders"]]
    assert said["address"].startswith("tcp://127.0.0.1:")
    assert all(folder.is_dir() and folder.stat().st_mode & 0o077 == 0 for folder in folders)
    with Client(said["address"], set_as_default=False) as client:
        client.wait_for_workers(1, timeout=60)
        assert client.submit(os.getenv, "OMP_NUM_THREADS").result(timeout=60) == "1"
        assert client.submit(dask.config.get, "distributed.worker.profile.enabled").result(timeout=60) is False

    process.stdin.close()

    assert process.wait(timeout=30) == 0
    assert not any(folder.exists() for folder in folders)


def test_a_worker_that_its_nanny_gives_up_is_replaced(monkeypatch):
    seen = asyncio.run(workers_seen_after(lambda nanny: nanny.close(), monkeypatch))
    assert seen == (1, 1)


def test_a_worker_that_does_not_come_back_is_replaced(monkeypatch):
    async def kill_unseen(nanny):
        nanny.process.on_exit = None
        os.kill(nanny.pid, signal.SIGKILL)

    monkeypatch.setattr(_host, "_SECONDS_TO_COME_BACK", 1)
    seen = asyncio.run(workers_seen_after(kill_unseen, monkeypatch))
    assert seen == (1, 1)


async def workers_seen_after(fault, monkeypatch):
    """Return how many workers have gone after a fault, and how many have come."""
    monkeypatch.setattr(_host, "_SECONDS_BETWEEN_LOOKS_AT_NANNIES", 0.05)
    inside = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}
    nannies = []

    def new_nanny():
        nannies.append(Nanny(scheduler.address, nthreads=1, **inside))
        return nannies[-1]

    async with Scheduler(port=0, **inside) as scheduler:
        nanny = await new_nanny()
        before = set(scheduler.workers)
        keeping = asyncio.create_task(_host._keep_one_worker(scheduler, nanny, new_nanny))
        await fault(nanny)
        async with asyncio.timeout(60):
            while nannies[-1] is nanny or nannies[-1].status.name != "running":
                await asyncio.sleep(0.05)
        after = set(scheduler.workers)
        keeping.cancel()
        await asyncio.gather(*(nanny.close() for nanny in nannies))
        return len(before - after), len(after - before)
