"""`EarlyStopping`: when training ends before its iterations are used up, and which rows decide about it."""

from __future__ import annotations

import math
import numbers
import statistics
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from multisearch._records import Competitor, StoppingRule
from multisearch.families import (
    families_that_stop,
    has_last_step,
    iterative_models_in,
    last_step,
    stopping_family_of,
)
from multisearch.planning import StoppingRows

REFIT_ITERATIONS = ("mean", "median", "max")


class EarlyStopping(BaseEstimator):
    """Stop training when rows that the model is not trained on no longer gain from it.

    For LightGBM, XGBoost, CatBoost, Keras models behind scikeras, and scikit-learn's HistGradientBoosting, as the
    estimator itself or as the last step of the Pipeline that it is. Each evaluation then keeps the model of its best
    iteration, and `MultiModelSearchCV` refits the winner on all rows for the number of iterations that its folds have
    found, without early stopping. Given for all estimators, a warning names each one that holds such a model elsewhere,
    or that has an early stopping of its own only.

    Parameters
    ----------
    patience : int, default=10
        Iterations (trees or epochs) without improvement after which training ends.
    min_delta : float, default=0.0
        What counts as an improvement, in the unit of the monitored metric.
    monitor : str or None, default=None
        The metric to watch, by the library's own name (``"l1"`` for LightGBM, ``"rmse"`` for XGBoost, ``"RMSE"`` for
        CatBoost, ``"loss"`` or ``"mae"`` for Keras, a scorer's name for HistGradientBoosting). None watches the metric
        by which the library itself would stop: the last in XGBoost's ``eval_metric``, the first that LightGBM has.
    validation_fraction : float, default=0.1
        The part of each fold's training rows (between 0 and 1) that is held back for stopping.
    validation : {"inner", "last", "fold"} or splitter, default="inner"
        ``"inner"`` holds rows back before the first step of the pipeline is fitted, so that neither transformers nor
        model are trained on them: in proportion to the classes for classifiers, whole groups when ``groups`` are
        given, and the last rows, behind the gap that ``cv`` leaves, where all training rows come before the test rows,
        as under a TimeSeriesSplit. ``"last"`` holds the last rows back, whatever ``cv`` is. A splitter's first split
        of the training rows is used the same way. ``"fold"`` stops on the fold's test rows, as many people do; all
        training rows are then trained on, but the scores are optimistic, since the test rows have chosen the number of
        iterations.
    refit_iterations : {"mean", "median", "max"}, default="mean"
        Which of the iterations found on the winner's folds the refit uses, rounded to a whole number.
    gap : int or None, default=None
        With ``validation="last"``, how many rows of X before the first stopping row are neither trained on nor stopped
        by. None leaves the gap that ``cv`` leaves between training and test rows, where these are in order.
    keep_history : bool, default=True
        Whether the metrics of every iteration are kept, in the search's ``histories_`` and in a journal: less than 1 kB
        for 100 iterations of one or two metrics.

    See Also
    --------
    MultiModelSearchCV : Takes one of these for all estimators, or a dict by estimator name.

    Examples
    --------
    >>> from multisearch import EarlyStopping
    >>> EarlyStopping(patience=20, monitor="l1").get_params()["patience"]
    20
    """

    def __init__(  # noqa: PLR0913 - a public constructor
        self,
        patience: int = 10,
        min_delta: float = 0.0,
        monitor: str | None = None,
        validation_fraction: float = 0.1,
        validation: Any = "inner",
        refit_iterations: str = "mean",
        *,
        gap: int | None = None,
        keep_history: bool = True,
    ) -> None:
        self.patience = patience
        self.min_delta = min_delta
        self.monitor = monitor
        self.validation_fraction = validation_fraction
        self.validation = validation
        self.refit_iterations = refit_iterations
        self.gap = gap
        self.keep_history = keep_history


def check_early_stopping(early_stopping: EarlyStopping) -> None:
    """Check the values of one EarlyStopping.

    Raises
    ------
    TypeError, ValueError
    """
    patience: Any = early_stopping.patience
    min_delta: Any = early_stopping.min_delta
    if isinstance(patience, bool) or not isinstance(patience, numbers.Integral) or patience < 1:
        raise ValueError(f"EarlyStopping's patience must be a whole number of at least 1, got {patience!r}")
    if not isinstance(min_delta, numbers.Real) or not 0 <= float(min_delta) < math.inf:
        raise ValueError(f"EarlyStopping's min_delta must be a number of at least 0, got {min_delta!r}")
    monitor: Any = early_stopping.monitor
    if monitor is not None and not isinstance(monitor, str):
        raise TypeError(f"EarlyStopping's monitor must be a metric's name or None, got {monitor!r}")
    fraction: Any = early_stopping.validation_fraction
    if not isinstance(fraction, numbers.Real) or not 0 < float(fraction) < 1:
        raise ValueError(f"EarlyStopping's validation_fraction must be between 0 and 1, got {fraction!r}")
    validation = early_stopping.validation
    known = validation in {"inner", "last", "fold"} if isinstance(validation, str) else hasattr(validation, "split")
    if not known:
        raise ValueError(
            f"EarlyStopping's validation must be 'inner', 'last', 'fold' or a splitter, got {validation!r}"
        )
    _check_gap(early_stopping)
    if not isinstance(early_stopping.keep_history, bool | np.bool_):
        raise TypeError(f"EarlyStopping's keep_history must be True or False, got {early_stopping.keep_history!r}")
    if early_stopping.refit_iterations not in REFIT_ITERATIONS:
        raise ValueError(
            f"EarlyStopping's refit_iterations must be one of {', '.join(map(repr, REFIT_ITERATIONS))}, "
            f"got {early_stopping.refit_iterations!r}"
        )


def _check_gap(early_stopping: EarlyStopping) -> None:
    gap: Any = early_stopping.gap
    if gap is None:
        return
    if isinstance(gap, bool) or not isinstance(gap, numbers.Integral) or gap < 0:
        raise ValueError(f"EarlyStopping's gap must be a whole number of at least 0, or None, got {gap!r}")
    if not (isinstance(early_stopping.validation, str) and early_stopping.validation == "last"):
        raise ValueError(
            f"EarlyStopping's gap={gap} needs validation='last', which alone has the stopping rows behind the training "
            f"rows whatever cv is, got validation={early_stopping.validation!r}; give that, or leave gap out"
        )


def stopping_rules(
    early_stopping: Any, competitors: Sequence[Competitor]
) -> tuple[dict[str, StoppingRule], list[StoppingRows | None]]:
    """Return how each estimator stops early, and the variants of the folds that this takes.

    Parameters
    ----------
    early_stopping : EarlyStopping, dict of str to EarlyStopping or None
    competitors : sequence of Competitor

    Returns
    -------
    rules : dict of str to StoppingRule
        Without the estimators that do not stop early.
    variants : list of StoppingRows or None
        The first is None: folds without stopping rows.

    Raises
    ------
    TypeError, ValueError, ImportError
        Where a value is wrong, a name is unknown, a model cannot stop early, or its library is missing.
    """
    variants: list[StoppingRows | None] = [None]
    rules: dict[str, StoppingRule] = {}
    for competitor in competitors:
        chosen = _chosen(early_stopping, competitor, [one.name for one in competitors])
        if chosen is None:
            continue
        gap = None if chosen.gap is None else int(chosen.gap)
        rows = StoppingRows(chosen.validation, float(chosen.validation_fraction), gap)
        if rows not in variants:
            variants.append(rows)
        rules[competitor.name] = StoppingRule(
            patience=int(chosen.patience),
            min_delta=float(chosen.min_delta),
            monitor=chosen.monitor,
            refit_iterations=chosen.refit_iterations,
            variant=variants.index(rows),
            keep_history=bool(chosen.keep_history),
        )
    return rules, variants


def _chosen(early_stopping: Any, competitor: Competitor, names: Sequence[str]) -> EarlyStopping | None:
    """Return the EarlyStopping that is meant for an estimator, None where there is none or its models cannot stop."""
    by_name = isinstance(early_stopping, Mapping)
    if by_name and (unknown := [name for name in early_stopping if name not in names]):
        raise ValueError(
            f"early_stopping names {unknown[0]!r}, which is no estimator; there are {', '.join(map(repr, names))}"
        )
    chosen = early_stopping.get(competitor.name) if by_name else early_stopping
    if chosen is None:
        return None
    if not isinstance(chosen, EarlyStopping):
        raise TypeError(
            f"early_stopping must be an EarlyStopping, a dict of them by estimator name, or None, got {chosen!r}"
        )
    check_early_stopping(chosen)
    models = models_of(competitor)
    passed_over = [model for model in models if stopping_family_of(model) is None]
    if by_name and len(passed_over) == len(models):
        raise ValueError(f"early_stopping names {competitor.name!r}, but {_why_not(passed_over)}")
    if not by_name and any(map(iterative_models_in, passed_over)):
        warnings.warn(
            f"early_stopping does not apply to estimator {competitor.name!r}: {_why_not(passed_over)}; if this is "
            "meant, give a dict of EarlyStopping by estimator name that leaves it out",
            UserWarning,
            stacklevel=2,
        )
    if len(passed_over) == len(models):
        return None
    for model in models:
        _require_library(competitor.name, model)
    return chosen


def _why_not(models: Sequence[Any]) -> str:
    """Say why models cannot stop early: of the first that one may expect to, or else of the first."""
    outer = next((model for model in models if iterative_models_in(model)), models[0])
    kind = type(outer).__name__
    inner = next((model for model in iterative_models_in(outer) if model is not outer), None)
    if inner is not None:
        what = f"its {type(inner).__name__} is inside a {kind}"
    elif iterative_models_in(outer):
        what = f"{kind} stops early by parameters of its own only"
    else:
        what = f"{kind} cannot stop early here"
    return (
        f"{what}; models of {', '.join(families_that_stop())} can, as the estimator itself or as the last step of the "
        "Pipeline (scikit-learn's or imbalanced-learn's) that it is"
    )


def models_of(competitor: Competitor) -> list[Any]:
    """Return the models that an estimator may end in: its own last step, and those that a setting may put there."""
    own = last_step(competitor.estimator)
    if not has_last_step(competitor.estimator):
        return [own]
    final = competitor.estimator.steps[-1][0]
    models = []
    for space in competitor.spaces or ({},):
        values = space.get(final, [own])
        models += [own] if hasattr(values, "rvs") else list(values)
    return models


def _require_library(name: str, model: Any) -> None:
    family = stopping_family_of(model)
    if family is None:
        return
    try:
        family.require()
    except ImportError as error:
        raise ImportError(
            f"early stopping of estimator {name!r} needs {error.name or family.name}, which is not installed; "
            f"install it with: pip install 'multisearch[{family.extra}]'"
        ) from error


def iterations_for_refit(rule: StoppingRule, iterations: Sequence[int]) -> int:
    """Return the whole number of iterations that stands for those of all folds."""
    if rule.refit_iterations == "max":
        return max(iterations)
    average = statistics.median if rule.refit_iterations == "median" else statistics.mean
    return max(1, round(average(iterations)))
