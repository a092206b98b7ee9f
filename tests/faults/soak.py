"""Kill a search's workers and its client until it is done, and say what that has cost; a script, see ``--help``.

A random worker is killed at intervals of three times what a search takes from its start to its first finished
evaluation, and the client after every ten of them, to be started again.
"""

from __future__ import annotations

import argparse
import pickle
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS.parent), str(TESTS)]

from faults._processes import family, have_ended, started  # noqa: E402 - after the path to it
from faults._signals import wait_for  # noqa: E402
from faults._traced import SPLITS, fits_in, set_pace, undisturbed  # noqa: E402
from helpers import assert_same_results  # noqa: E402

CLIENT = Path(__file__).with_name("_client.py")


class Soak:
    """One search, and what kills it.

    Parameters
    ----------
    folder : Path
    n_candidates : int
    options : argparse.Namespace
    """

    def __init__(self, folder: Path, n_candidates: int, options: argparse.Namespace) -> None:
        self.folder = folder
        self.workers_killed = 0
        self.clients_killed = 0
        self.left_behind = 0
        self.interval = options.interval
        self._n_candidates = n_candidates
        self._options = options
        self._random = random.Random(options.seed)

    def run(self) -> None:
        """Start the client anew until it comes to an end by itself."""
        deadline = time.monotonic() + self._options.limit
        while not (self.folder / "found").exists():
            if time.monotonic() > deadline:
                raise TimeoutError(f"not done after {self._options.limit} s")
            command = [sys.executable, CLIENT, self.folder, self._options.workers, self._n_candidates]
            with started(*command, folder=self.folder) as client:
                self._live_through(client)
                processes = family(client) if client.poll() is None else []
                client.kill()
                self.left_behind += not have_ended(processes)

    def _live_through(self, client: subprocess.Popen[bytes]) -> None:
        """Kill workers until the search is done, or it is the client's turn."""
        self._wait_for_a_finished_fit(client)
        for _ in range(self._options.clients_every):
            if self._ends_within(client, self.interval):
                if client.returncode:
                    raise RuntimeError(f"the client failed:\n{(self.folder / 'said.txt').read_text()[-5000:]}")
                return
            self._kill_a_worker(client)
        if not self._ends_within(client, self.interval):
            self.clients_killed += 1

    def _wait_for_a_finished_fit(self, client: subprocess.Popen[bytes]) -> None:
        """Wait until some worker is at its second fit, and take the time if nothing else says how often to kill."""
        begun, before = self.folder / "begun", len(fits_in(self.folder))
        begun.unlink(missing_ok=True)
        wait_for(lambda: begun.exists() or client.poll() is not None)
        start = time.monotonic()
        wait_for(
            lambda: (
                max(Counter(fit.pid for fit in fits_in(self.folder)[before:]).values(), default=0) > 1
                or client.poll() is not None
            )
        )
        if self.interval is None:
            self.interval = 3 * (time.monotonic() - start)

    @staticmethod
    def _ends_within(client: subprocess.Popen[bytes], seconds: float) -> bool:
        with suppress(subprocess.TimeoutExpired):
            client.wait(seconds)
        return client.returncode is not None

    def _kill_a_worker(self, client: subprocess.Popen[bytes]) -> None:
        """Kill a process that has fitted; right after another death there may be none."""
        fitting = {fit.pid for fit in fits_in(self.folder)}
        with suppress(psutil.NoSuchProcess):
            workers = [process for process in family(client) if process.pid in fitting]
            if workers:
                self._random.choice(workers).kill()
                self.workers_killed += 1


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--fits", type=int, default=2000, help="how many fits the search needs")
    parser.add_argument("--seconds", type=float, default=0.25, help="how long each of them takes")
    parser.add_argument("--workers", type=int, default=2, help="local worker processes")
    parser.add_argument("--interval", type=float, help="seconds from kill to kill, instead of measured ones")
    parser.add_argument("--clients-every", type=int, default=10, help="workers killed for each client killed")
    parser.add_argument("--seed", type=int, default=0, help="of the choice of workers")
    parser.add_argument("--limit", type=float, default=3600.0, help="seconds after which it has failed")
    return parser.parse_args()


def main() -> int:
    """Run it; return 0 if the search came to the same results as an undisturbed one, and left nothing running."""
    options = arguments()
    n_candidates = int(np.ceil(options.fits / len(SPLITS)))
    with tempfile.TemporaryDirectory(prefix="soak-") as name:
        folder = Path(name)
        set_pace(folder, options.seconds)
        soak = Soak(folder, n_candidates, options)
        start = time.monotonic()
        soak.run()
        seconds = time.monotonic() - start
        results, stats = pickle.loads((folder / "found").read_bytes())
        redone = len(fits_in(folder)) - stats.evaluations
        try:
            assert_same_results(undisturbed(folder, n_candidates), results)
            equal = True
        except AssertionError as error:
            equal = False
            sys.stderr.write(f"{error}\n")
    figures = {
        "fits needed": stats.evaluations,
        "seconds per fit": options.seconds,
        "local workers": options.workers,
        "seconds from kill to kill": f"{soak.interval:.1f}",
        "workers killed": soak.workers_killed,
        "clients killed": soak.clients_killed,
        "wall seconds": f"{seconds:.0f}",
        "fits redone": redone,
        "clients that left processes": soak.left_behind,
        "bitwise equal": "yes" if equal else "no",
    }
    sys.stdout.writelines(f"{label + ':':30} {value}\n" for label, value in figures.items())
    return 0 if equal and not soak.left_behind else 1


if __name__ == "__main__":
    sys.exit(main())
