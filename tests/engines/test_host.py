import json
import os
import subprocess
import sys
from pathlib import Path

import dask
import pytest
from distributed import Client

from multisearch.engines import _host


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
