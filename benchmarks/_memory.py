"""The memory of a process and all its descendants, watched from outside. Linux only: it reads ``/proc``."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import psutil

CAN_BE_WATCHED = Path("/proc/self/smaps_rollup").exists()
"""Whether this operating system says how large the proportional set size of a process is."""


def proportional_set_size(pid: int) -> int:
    """Return the bytes that a process has in memory, of those that it shares with others its share; 0 if it is gone."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def tree_size(pid: int) -> int:
    """Return the sum of the proportional set sizes of a process and all its descendants, in bytes."""
    try:
        family = [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
    except psutil.NoSuchProcess:
        return 0
    return sum(proportional_set_size(one) for one in family)


class MemoryWatch:
    """Looks at the memory of a process and its descendants again and again, while its context is open.

    Parameters
    ----------
    pid : int
    interval : float, default=0.1
        Seconds from one look to the next.
    """

    def __init__(self, pid: int, interval: float = 0.1) -> None:
        self._pid = pid
        self._interval = interval
        self._samples: list[tuple[float, float, int]] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> MemoryWatch:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def peaks(self, windows: Mapping[str, tuple[float, float]]) -> dict[str, float]:
        """Return the highest sum in each window, in bytes; of a window too short to look, the sum nearest to it.

        Raises
        ------
        ValueError
            Where nobody has looked at all.
        """
        if not self._samples:
            raise ValueError("the process was over before anybody looked at its memory")
        peaks = {}
        for phase, (start, end) in windows.items():
            seen = [size for began, ended, size in self._samples if began <= end and ended >= start]
            nearest = min(self._samples, key=lambda sample: min(abs(sample[0] - end), abs(sample[1] - start)))
            peaks[phase] = float(max(seen, default=nearest[2]))
        return peaks

    def _look(self) -> None:
        while not self._over.wait(self._interval):
            began = time.monotonic()
            size = tree_size(self._pid)
            self._samples.append((began, time.monotonic(), size))
