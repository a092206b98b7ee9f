"""What the house asks of a library: early stopping, iterations, native threads, paths; one family per library."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from multisearch._records import StoppingRule


@dataclass(frozen=True, slots=True)
class StoppingRows:
    """The rows that decide when training stops, transformed as the model will see them.

    ``X`` has shape (n_stopping_rows, n_transformed_features), ``y`` (n_stopping_rows,) or (n_stopping_rows, n_outputs)
    and ``sample_weight`` (n_stopping_rows,) or None. ``fit_params`` is what else ``fit`` is given, by the names that
    the model knows: of these rows, where there is one value per row.
    """

    X: Any
    y: Any
    sample_weight: Any = None
    fit_params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TrainingRows:
    """The rows that a model is trained on, and what else its ``fit`` is given."""

    X: Any
    y: Any
    fit_params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stopped:
    """How a fit with early stopping went.

    ``n_iterations`` is the best iteration, counted from 1, at which the model was left. ``history`` holds, by metric as
    the library names it, one value for every iteration that was trained, also those behind the best, on the stopping
    rows. ``cap`` is how many iterations there might have been; None where that is not known.
    """

    n_iterations: int
    history: Mapping[str, Sequence[float]] = field(default_factory=dict)
    cap: int | None = None

    def used_up(self, patience: int) -> bool | None:
        """Say whether the iterations came to their end before the patience did; None where that is not known."""
        if self.cap is None or not self.history:
            return None
        n_trained = max(map(len, self.history.values()))
        return n_trained >= self.cap and n_trained - self.n_iterations < patience


class Family:
    """What is special about the models of one library; where a library says nothing, nothing is."""

    name: str
    """What users call these models in a sentence."""

    extra: str | None = None
    """The extra of multisearch that installs the library; None where it is always there."""

    stands_on: tuple[str, ...] = ()
    """Packages whose version may change results, besides those of the models' own classes."""

    stops_early: bool = False
    """Whether `fit_stopped` and `set_iterations` are there."""

    metric_params: tuple[str, ...] = ()
    """Parameters that name the metrics which a model computes besides its loss."""

    stopping_params: tuple[str, ...] = ()
    """Parameters of ``fit`` that would tell the model of other rows to stop by."""

    def handles(self, estimator: Any) -> bool:
        """Say whether a model (not a Pipeline) is of this family, without importing the library."""
        raise NotImplementedError

    def stops(self, estimator: Any) -> bool:
        """Say whether a model of this family can stop early."""
        return self.stops_early

    def require(self) -> None:
        """Import what fitting these models takes; raise ImportError where it is missing."""

    def fit_stopped(self, estimator: Any, rows: TrainingRows, stopping: StoppingRows, rule: StoppingRule) -> Stopped:
        """Fit with early stopping, and leave the model at its best iteration."""
        raise NotImplementedError

    def settle(self, estimator: Any, y: Any) -> None:
        """Set what an unfitted model would choose by how many iterations it may take, before these are set to fewer."""

    def set_iterations(self, estimator: Any, n_iterations: int) -> None:
        """Make an unfitted model train for exactly so many iterations, without early stopping."""
        raise NotImplementedError

    def objection_to_monitor(self, estimator: Any, monitor: str, fit_params: Mapping[str, Any]) -> str | None:
        """Say what metrics there are where a model cannot have this one; None where it has it, or nobody knows yet."""
        return None

    def stops_by_itself(self, estimator: Any, fit_params: Mapping[str, Any]) -> str | None:
        """Name the parameter by which a model would stop by rows that nobody gives it, so that each fit fails."""
        return None

    def objection_to_labels(self, estimator: Any, y: Any) -> str | None:
        """Say which labels a model takes where it cannot take these, so that each fit fails."""
        return None

    def native_threads(self, estimator: Any, limit: int | None) -> AbstractContextManager[None]:
        """Keep the library's own threads to a limit while this model is fitted and scored (None: no limit)."""
        return nullcontext()

    def accelerated(self, estimator: Any, *, kept: bool) -> AbstractContextManager[set[str]]:
        """Let this model be fitted and scored faster, with the same numbers to the bit.

        A model that is ``kept`` for the user is left as its own ``fit`` would leave it, and shares nothing. The context
        gives a set, which in the end holds the short cuts that were really taken.
        """
        return nullcontext(set())

    def as_if_new(self) -> AbstractContextManager[None]:
        """Let what was made in this thread before not change what is made in it now; nothing is imported for it."""
        return nullcontext()

    def settings(self) -> Mapping[str, Any]:
        """Return the library's settings that may change numbers, where they differ from its defaults.

        Plain values; nothing is imported for it, and a library that has not been imported has its defaults.
        """
        return {}

    def settings_in_force(self, settings: Mapping[str, Any]) -> AbstractContextManager[None]:
        """Let these settings of the library, and else its defaults, hold for the whole process."""
        return nullcontext()

    def settings_in_this_thread(self, settings: Mapping[str, Any]) -> AbstractContextManager[None]:
        """Let those of these settings hold that the library keeps by thread."""
        return nullcontext()

    def path_parameter(self, estimator: Any, params: Mapping[str, Any]) -> str | None:
        """Name the parameter whose smaller values are contained in a larger fit; None where this model has none.

        ``params`` are those that the model will have when it is fitted.

        A fit cut down by `truncate` then predicts to the bit what a fit with the smaller value alone does.
        """
        return None

    def truncate(self, estimator: Any, n_iterations: int) -> None:
        """Cut a fitted model down to its first iterations, in place; several cuts come in descending order."""
        raise NotImplementedError


def derives_from(estimator: Any, module: str, *class_names: str) -> bool:
    """Say whether an object's class descends from one of a package's classes, without importing the package."""
    return any(
        base.__name__ in class_names and base.__module__.partition(".")[0] == module for base in type(estimator).__mro__
    )


def metrics_like(monitor: str, library: str, metrics: Iterable[str]) -> str:
    """Return a clause that names the metrics of a library whose names are most like one that it does not have."""
    by_lower = {metric.lower(): metric for metric in metrics}
    close = difflib.get_close_matches(monitor.lower(), by_lower, n=5, cutoff=0.0)
    return f"the closest of {library}'s metrics are {', '.join(repr(by_lower[name]) for name in close)}"
