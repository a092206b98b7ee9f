"""What the house asks of a library: early stopping, iterations, native threads, paths; one family per library."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

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

    def handles(self, estimator: Any) -> bool:
        """Say whether a model (not a Pipeline) is of this family, without importing the library."""
        raise NotImplementedError

    def require(self) -> None:
        """Import what fitting these models takes; raise ImportError where it is missing."""

    def fit_stopped(self, estimator: Any, rows: TrainingRows, stopping: StoppingRows, rule: StoppingRule) -> int:
        """Fit with early stopping; leave the model at its best iteration and return that, counted from 1."""
        raise NotImplementedError

    def set_iterations(self, estimator: Any, n_iterations: int) -> None:
        """Make an unfitted model train for exactly so many iterations, without early stopping."""
        raise NotImplementedError

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
