import subprocess
import sys
import time

import pytest

from benchmarks._memory import CAN_BE_WATCHED, MemoryWatch, tree_size

pytestmark = pytest.mark.skipif(not CAN_BE_WATCHED, reason="only Linux says how large the proportional set size is")

MEGABYTE = 2**20
HOLDER = "import sys; x = bytearray(100 * 2**20); print('ready', flush=True); sys.stdin.read()"


@pytest.fixture
def holder():
    """Run a process whose child holds 100 MB."""
    script = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {HOLDER!r}])"
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"ready\n"
        yield process  # which ends when its input does


def test_descendants_count(holder):
    assert 100 * MEGABYTE < tree_size(holder.pid) < 200 * MEGABYTE


def test_a_process_that_is_gone_has_no_memory():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert tree_size(process.pid) == 0


def test_the_peak_is_that_of_the_window(holder):
    with MemoryWatch(holder.pid, interval=0.01) as watch:
        start = time.monotonic()
        time.sleep(0.2)
        middle = time.monotonic()
        holder.stdin.close()
        holder.wait()
        time.sleep(0.2)
        end = time.monotonic()
    peaks = watch.peaks({"held": (start, middle), "gone": (end - 0.1, end), "later": (end + 1, end + 2)})
    assert peaks["held"] > 100 * MEGABYTE
    assert peaks["gone"] == peaks["later"] == 0


def test_who_was_never_looked_at_has_no_peak():
    with pytest.raises(ValueError, match="before anybody looked"):
        MemoryWatch(1).peaks({"cold": (0.0, 1.0)})
