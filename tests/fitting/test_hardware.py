import platform

import joblib
import pytest

from multisearch.fitting._hardware import hardware, threads


def test_hardware_is_one_short_line_that_begins_with_the_architecture():
    assert hardware().startswith(platform.machine())
    assert hardware().isprintable()
    assert hardware() == hardware()


@pytest.mark.parametrize(
    ("limit", "asked", "expected"),
    [(3, "2", 3), (None, "2", 2), (None, "", joblib.cpu_count()), (None, "many", joblib.cpu_count())],
)
def test_threads_are_the_limit_or_what_libraries_take(monkeypatch, limit, asked, expected):
    monkeypatch.setenv("OMP_NUM_THREADS", asked)
    assert threads(limit) == expected
