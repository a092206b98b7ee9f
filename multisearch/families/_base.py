"""What the house asks of a library: early stopping, iterations, native threads; one family per library."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from multisearch._records import StoppingRule


@dataclass(frozen=True, slots=True)
class StoppingRows:
    """The rows that decide when training stops, transformed as the model will see them.

    ``X`` has shape (n_stopping_rows, n_transformed_features), ``y`` (n_stopping_rows,) or (n_stopping_rows, n_outputs)
    and ``sample_weight`` (n_stopping_rows,) or None.
    """

    X: Any
    y: Any
    sample_weight: Any = None


@dataclass(frozen=True, slots=True)
class TrainingRows:
    """The rows that a model is trained on, and what else its ``fit`` is given."""

    X: Any
    y: Any
    fit_params: Mapping[str, Any] = field(default_factory=dict)


class Family(Protocol):
    """What is special about the models of one library."""

    name: str
    """What users call these models in a sentence."""

    extra: str | None
    """The extra of multisearch that installs the library; None where it is always there."""

    stops_early: bool
    """Whether `fit_stopped` and `set_iterations` are there."""

    def handles(self, estimator: Any) -> bool:
        """Say whether a model (not a Pipeline) is of this family, without importing the library."""

    def require(self) -> None:
        """Import what fitting these models takes; raise ImportError where it is missing."""

    def fit_stopped(self, estimator: Any, rows: TrainingRows, stopping: StoppingRows, rule: StoppingRule) -> int:
        """Fit with early stopping; leave the model at its best iteration and return that, counted from 1."""

    def set_iterations(self, estimator: Any, n_iterations: int) -> None:
        """Make an unfitted model train for exactly so many iterations, without early stopping."""

    def native_threads(self, estimator: Any, limit: int | None) -> AbstractContextManager[None]:
        """Keep the library's own threads to a limit while this model is fitted and scored (None: no limit)."""


def derives_from(estimator: Any, module: str, *class_names: str) -> bool:
    """Say whether an object's class descends from one of a package's classes, without importing the package."""
    return any(
        base.__name__ in class_names and base.__module__.partition(".")[0] == module for base in type(estimator).__mro__
    )
