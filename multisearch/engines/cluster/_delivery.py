"""What goes to the workers of one search and comes back: tasks, and the problem, put there again if need be."""

from __future__ import annotations

import pickle
from concurrent.futures import CancelledError
from contextlib import nullcontext
from typing import Any

from multisearch._fingerprint import code_of
from multisearch._records import Task
from multisearch.engines.cluster._placement import Placement
from multisearch.engines.cluster._workers import Workers
from multisearch.engines.transport._by_value import CodeDiffersError, Sender
from multisearch.fitting import Problem

_TIMES_TO_PUT = 10


class Delivery:
    """Gets a problem and its tasks to workers.

    Parameters
    ----------
    problem : Problem
    placement : Placement
    workers : Workers
    search : str
        A name that no other search has.

    Attributes
    ----------
    placed : object
        What tasks are submitted with, in the problem's place; None before it is put.
    """

    def __init__(self, problem: Problem, placement: Placement, workers: Workers, search: str) -> None:
        self._problem = problem
        self._placement = placement
        self._workers = workers
        self._search = search
        self._differs: CodeDiffersError | None = None
        self._sender = Sender(_code_of(problem), search)
        self.placed: Any = None

    def put(self) -> None:
        """Put the problem where the tasks will run."""
        self.placed = None
        for attempt in range(1, _TIMES_TO_PUT + 1):
            self._workers.wait_for_one()  # without one, dask would wait in its own way, and for as long as it likes
            try:
                with self._workers.kept_busy() if attempt > 1 else nullcontext():
                    self.placed = self._placement.put(self._problem, self._sender, self._search)
            except (OSError, CancelledError, KeyError, AssertionError):  # a worker went while it was given the data
                self._workers.check_connection()
                if attempt == _TIMES_TO_PUT:
                    raise
            except Exception as error:
                if self._differs is None:
                    raise
                raise self._sender.cannot_be_sent(self._differs, error) from error
            else:
                return

    def send_code(self, differs: CodeDiffersError) -> None:
        """Send what differs on a worker with its code, from the next time on that the problem is put.

        Raises
        ------
        CodeCannotBeSentError
            Where that has been tried.
        """
        self._sender.send(differs)
        self._differs = differs

    def packed(self, task: Task) -> bytes:
        """Return a task in the form in which it is to travel; its parameters may hold the user's code, too."""
        try:
            return self._sender.dumps(task)
        except Exception as error:
            if self._differs is None:
                raise
            raise self._sender.cannot_be_sent(self._differs, error) from error

    def unpacked(self, result: Any) -> Any:
        """Return a result that has travelled."""
        return pickle.loads(result) if isinstance(result, bytes) else result


def _code_of(problem: Problem) -> Any:
    params = [value for given in (problem.fit_params, problem.score_params) for value in given.values()]
    others = [value for given in params for value in given.values() if not hasattr(value, "__array__")]
    return code_of(problem.estimators, problem.scorers, problem.spaces, others)
