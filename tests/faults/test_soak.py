"""A short soak; ``make soak`` runs the long one."""

import subprocess
import sys
from pathlib import Path

import pytest

SOAK = Path(__file__).with_name("soak.py")
OPTIONS = ["--fits", "100", "--seconds", "0.1", "--interval", "1", "--clients-every", "2", "--limit", "80"]


@pytest.mark.slow
@pytest.mark.timeout(100)
def test_a_search_survives_everything_that_is_killed():
    command = [sys.executable, SOAK, *OPTIONS]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    figures = dict(map(str.strip, line.split(":")) for line in done.stdout.splitlines())
    assert int(figures["fits needed"]) == 100
    assert int(figures["workers killed"]) >= 2
    assert int(figures["clients killed"]) >= 1
    assert int(figures["fits redone"]) > 0
    assert figures["bitwise equal"] == "yes"
