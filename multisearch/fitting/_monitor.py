"""scikit-learn's callbacks (`set_callbacks`, scikit-learn 1.9): told of every evaluation and of the refit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Monitor:
    """The contexts of a search that has callbacks, and the search in whose name they are told.

    Attributes
    ----------
    search : MultiModelSearchCV
    root, evaluations : sklearn.callback.CallbackContext
        Of the whole fit, and of all its evaluations together.
    """

    search: Any
    root: Any
    evaluations: Any

    @contextmanager
    def evaluation(
        self, number: int, estimator: Any, rows: tuple[Any, Any], fit_params: Mapping[str, Any]
    ) -> Iterator[None]:
        """Tell callbacks that an evaluation's fit begins and ends, and let those that propagate watch the estimator."""
        context = self.evaluations.subcontext(task_name="candidate-split-evaluation", task_id=number)
        with self._told(context, estimator, rows, fit_params):
            yield

    @contextmanager
    def refit(self, estimator: Any, rows: tuple[Any, Any], fit_params: Mapping[str, Any]) -> Iterator[None]:
        """Tell callbacks that the refit begins and ends."""
        with self._told(self.root.subcontext(task_name="refit-with-best-params"), estimator, rows, fit_params):
            yield

    @contextmanager
    def _told(
        self, context: Any, estimator: Any, rows: tuple[Any, Any], fit_params: Mapping[str, Any]
    ) -> Iterator[None]:
        told = {"estimator": self.search, "X": rows[0], "y": rows[1], "metadata": metadata_of(fit_params)}
        try:
            with context.propagate_callback_context(estimator):
                context.call_on_fit_task_begin(**told)
                yield
        finally:
            context.call_on_fit_task_end(**told)


def metadata_of(fit_params: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what callbacks are told of the fit parameters: sample weights, under whichever step's name they go."""
    weights = [value for name, value in fit_params.items() if name.rpartition("__")[2] == "sample_weight"]
    return {"sample_weight": weights[0]} if weights and weights[0] is not None else None
