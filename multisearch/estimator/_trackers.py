"""Experiment trackers that record every fit of this process: kept out of the fits that a search is made of."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

logger = logging.getLogger("multisearch")


class _MlflowKeptOut:
    """Switches MLflow's autologging off as long as any thread of this process is in a search.

    MLflow has one switch for all threads, and switches back on at the end of the innermost context.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._n_searches = 0
        self._undo = ExitStack()

    @contextmanager
    def during_a_search(self) -> Iterator[None]:
        with self._lock:
            self._n_searches += 1
            if self._n_searches == 1:
                self._undo = _autologging_off()
        try:
            yield
        finally:
            with self._lock:
                self._n_searches -= 1
                if not self._n_searches:
                    self._undo.close()


def _autologging_off() -> ExitStack:
    """Switch it off, if MLflow is in use; whoever imports it later has not asked it to log yet."""
    undo = ExitStack()
    switches = sys.modules.get("mlflow.utils.autologging_utils")
    if switches is None:
        return undo
    switch_off = getattr(switches, "disable_autologging", None)
    if switch_off is None:
        logger.warning("this MLflow cannot be kept out of a search: if it logs automatically, it records inner fits")
    else:
        undo.enter_context(switch_off())
    return undo


_mlflow = _MlflowKeptOut()


@contextmanager
def kept_out() -> Iterator[None]:
    """Let no tracker record the fits within: they are many, of no order, and would all go into one run."""
    with _mlflow.during_a_search():
        yield
