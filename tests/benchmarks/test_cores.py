import os
import subprocess
import sys

import pytest

from benchmarks._cores import N_JOBS, confine

COUNTS = """
from benchmarks._cores import confine
confine()
import joblib
from threadpoolctl import threadpool_info
import numpy, sklearn.cluster
threads = {pool["num_threads"] for pool in threadpool_info()}
print(joblib.cpu_count(), *threads)
"""


@pytest.fixture
def larger_machine(monkeypatch):
    """Pretend that there are eight cores, of which this process may use four, and Linux, which binds to them."""
    bound = []
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "environ", {})
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {7, 1, 3, 5}, raising=False)
    monkeypatch.setattr(os, "sched_setaffinity", lambda pid, cores: bound.append(cores), raising=False)
    return bound


def test_everybody_gets_as_many_cores_on_a_larger_machine(larger_machine):
    confine()
    assert larger_machine == [[1, 3]]
    assert len(larger_machine[0]) == N_JOBS
    assert os.environ["TF_NUM_INTRAOP_THREADS"] == os.environ["OMP_NUM_THREADS"] == "1"


def test_libraries_take_one_thread_and_joblib_counts_the_cores():
    process = subprocess.run([sys.executable, "-c", COUNTS], check=True, capture_output=True, text=True)
    cores, *threads = process.stdout.split()
    assert int(cores) <= N_JOBS
    assert threads == ["1"]
