"""From the arguments to the problem: everything that is checked before any work starts."""

from __future__ import annotations

import difflib
import inspect
import numbers
import reprlib
import warnings
from collections.abc import Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.metrics import get_scorer_names
from sklearn.model_selection import check_cv
from sklearn.utils import check_random_state, indexable

from multisearch._lazy import in_memory, is_lazy, standing_in
from multisearch._records import Competitor
from multisearch._sklearn_compat import MultimetricScorer, count_rows, multimetric_scorers
from multisearch.arguments._early_stopping import stopping_rules
from multisearch.arguments._fit_params import route
from multisearch.arguments._model_checks import check_models
from multisearch.arguments._space import check_names, check_space
from multisearch.families import kind_of
from multisearch.fitting import Problem, current_settings, make_scorers
from multisearch.planning import SHARE, FoldPlan, make_folds
from multisearch.samplers import Sampler, make_samplers

_TRAIN_AND_TEST = 2
_VERIFY = "verify"


@dataclass(frozen=True, slots=True)
class Preparation:
    """What a search needs: the problem, who proposes candidates, and how much of the work checks may be (None: all)."""

    problem: Problem
    samplers: Mapping[str, Sampler]
    n_splits: int
    share_of_checks: float | None = SHARE


def competitors_of(search: Any) -> list[Competitor]:
    """Check the ``estimators`` of a search."""
    check_names(search.estimators, reserved_names(search))
    return [check_space(name, estimator, space) for name, estimator, space in search.estimators]


def reserved_names(search: Any) -> list[str]:
    """Return the names that no estimator can have: the constructor's arguments."""
    return [*inspect.signature(type(search)).parameters, "splitter"]


def common_kind(estimators: Mapping[str, Any]) -> str | None:
    """Return what all estimators are ("classifier", ...); those that do not say are taken for what the others are.

    Raises
    ------
    ValueError
        Where they differ.
    """
    kinds = {name: kind for name, estimator in estimators.items() if (kind := kind_of(estimator)) is not None}
    if len(set(kinds.values())) > 1:
        listed = ", ".join(f"{name!r} is a {kind}" for name, kind in kinds.items())
        raise ValueError(
            f"all estimators must be of one kind to be compared by one score, but {listed}; search them separately"
        )
    return next(iter(kinds.values()), None)


def check_settings(search: Any) -> None:
    """Check the arguments that need neither estimators nor data.

    Raises
    ------
    TypeError, ValueError
    """
    if search.error_score != "raise" and not isinstance(search.error_score, numbers.Real):
        raise ValueError(f"error_score must be 'raise' or a number, got {search.error_score!r}")
    _check_scoring(search.scoring)
    _check_flags(search)
    _check_seconds("fit_timeout", search.fit_timeout, "sets no limit")
    _check_seconds("worker_timeout", search.worker_timeout, "waits for ever")
    _check_random_state(search.random_state)
    if search.code_version is not None and not isinstance(search.code_version, str):
        raise TypeError(f"code_version must be text, or None, which adds nothing, got {search.code_version!r}")
    if not (isinstance(search.refit, bool | np.bool_ | str) or callable(search.refit)):
        raise TypeError(f"refit must be True, False, a metric's name or a callable, got {search.refit!r}")


def _check_flags(search: Any) -> None:
    for name in ("return_train_score", "retry_failed"):
        value = getattr(search, name)
        if not isinstance(value, bool | np.bool_):
            raise TypeError(f"{name} must be True or False, got {value!r}")
    optimize = search.optimize
    if not (isinstance(optimize, bool | np.bool_) or (isinstance(optimize, str) and optimize == _VERIFY)):
        raise TypeError(
            f"optimize must be True, False or {_VERIFY!r}, which computes everything twice; got {optimize!r}"
        )
    verbose = search.verbose
    if not isinstance(verbose, numbers.Integral | np.bool_):
        raise TypeError(f"verbose must be a whole number, got {verbose!r}; 0 shows nothing")
    if verbose < 0:
        raise ValueError(f"verbose must be at least 0, got {verbose!r}; 0 shows nothing")


def _check_seconds(name: str, seconds: Any, without: str) -> None:
    wanted = f"{name} must be a number of seconds above 0, or None, which {without}"
    if seconds is None:
        return
    if isinstance(seconds, bool | np.bool_) or not isinstance(seconds, numbers.Real):
        raise TypeError(f"{wanted}; got {seconds!r}")
    if not 0 < float(seconds) < float("inf"):
        raise ValueError(f"{wanted}; got {seconds!r}")


def _check_random_state(random_state: Any) -> None:
    try:
        check_random_state(random_state)
    except ValueError as error:
        raise ValueError(
            f"random_state must be None, a whole number from 0 to 2**32 - 1 or a RandomState, got {random_state!r}"
        ) from error


def _check_scoring(scoring: Any) -> None:
    if scoring is None or callable(scoring):
        return
    if not isinstance(scoring, str | Iterable):
        raise TypeError(
            f"scoring must be a scorer's name, a callable, a list of names, a dict of them or None, got {scoring!r}"
        )
    by_name = scoring if isinstance(scoring, Mapping) else {}
    for metric, scorer in by_name.items():
        if not (scorer is None or isinstance(scorer, str) or callable(scorer)):
            raise TypeError(f"scoring[{metric!r}] must be a scorer's name or a callable, got {scorer!r}")
    for name in [scoring] if isinstance(scoring, str) else by_name.values() or scoring:
        if isinstance(name, str) and name not in get_scorer_names():
            close = difflib.get_close_matches(name, get_scorer_names(), n=1, cutoff=0.0)
            raise ValueError(
                f"scoring: {name!r} is not a valid scorer's name; the closest is {close[0]!r}, and "
                "sklearn.metrics.get_scorer_names() lists all"
            )


def check_refit(refit: Any, metrics: Sequence[str] | None) -> None:
    """Check that ``refit`` names a metric where there are several.

    Raises
    ------
    ValueError
    """
    if metrics is None or refit is False or callable(refit) or (isinstance(refit, str) and refit in metrics):
        return
    raise ValueError(
        "For multi-metric scoring, the parameter refit must be set to a scorer key or a callable to refit an estimator "
        "with the best parameter setting on the whole data and make the best_* attributes available for that metric. "
        f"If this is not needed, refit should be set to False explicitly. {refit!r} was passed; there are "
        f"{', '.join(map(repr, metrics))}."
    )


def prepare(search: Any, X: Any, y: Any, params: Mapping[str, Any]) -> Preparation:
    """Check everything that can be checked without fitting, and make the folds concrete.

    Parameters
    ----------
    search : MultiModelSearchCV
    X, y : the data
    params : mapping
        The other parameters of ``fit``.

    Raises
    ------
    TypeError, ValueError, ImportError
        One sentence about the first thing that is wrong.
    """
    check_settings(search)
    competitors = competitors_of(search)
    estimators = {competitor.name: competitor.estimator for competitor in competitors}
    kind = common_kind(estimators)
    scorers = make_scorers(estimators, search.scoring, search.error_score)
    check_refit(search.refit, metrics_of(scorers))
    rules, variants = stopping_rules(search.early_stopping, competitors)
    samplers = make_samplers(competitors, search.n_iter, search.random_state)
    y = in_memory(y)
    rows, y = indexable(standing_in(X), y)
    _check_rows(rows)
    X = X if is_lazy(X) else rows
    in_memory_params = {name: in_memory(value) for name, value in params.items()}
    routed = route(search, rows, estimators, scorers, in_memory_params)
    check_models(competitors, rules, routed.fit, y)
    splitter = _splitter(search.cv, y, classifier=kind == "classifier")
    seed = _seed(search.random_state) if len(variants) > 1 else None
    plan = FoldPlan(rows, y, splitter, routed.split, kind == "classifier", seed)
    folds = make_folds(plan, variants)
    problem = Problem(
        X=X,
        y=y,
        estimators={name: clone(estimator) for name, estimator in estimators.items()},
        fit_params=routed.fit,
        score_params=routed.score,
        scorers=scorers,
        folds=folds,
        rules=rules,
        plain_variant=0,
        kind=kind,
        return_train_score=search.return_train_score,
        error_score=search.error_score,
        settings=current_settings(),
        warning_filters=tuple(warnings.filters),
        optimize=bool(search.optimize),
        early_stopping=search.early_stopping is not None,
        spaces=[space for competitor in competitors for space in competitor.spaces],
        fit_timeout=None if search.fit_timeout is None else float(search.fit_timeout),
    )
    return Preparation(problem, samplers, len(folds[0]), None if isinstance(search.optimize, str) else SHARE)


def metrics_of(scorers: Mapping[str, Any]) -> list[str] | None:
    """Return the metrics' names; None for a single score, and for a callable, which may still return several."""
    scorer = next(iter(scorers.values()))
    return list(multimetric_scorers(scorer)) if isinstance(scorer, MultimetricScorer) else None


def _check_rows(rows: Any) -> None:
    if rows is None:
        raise TypeError("X must hold the rows to fit on, such as an array of shape (n_samples, n_features), got None")
    if not count_rows(rows):
        raise ValueError(
            f"X must have rows, but its shape is {np.shape(rows)}; give rows to train on and rows to test on"
        )


def _splitter(cv: Any, y: Any, *, classifier: bool) -> Any:
    """Return what splits the rows; splits that are given one by one are pairs."""
    if isinstance(cv, type):
        raise TypeError(f"cv must be a splitter or None, got the class {cv.__name__}; give an instance, not the class")
    splits_itself = hasattr(cv, "split") and not isinstance(cv, str)
    if splits_itself and not hasattr(cv, "get_n_splits"):
        raise TypeError(f"cv must have a method get_n_splits beside split, as scikit-learn's splitters do, got {cv!r}")
    splitter = check_cv(cv, y, classifier=classifier)
    for index, split in enumerate(() if splits_itself else getattr(splitter, "cv", ())):
        if not isinstance(split, Iterable) or (isinstance(split, Sized) and len(split) != _TRAIN_AND_TEST):
            raise ValueError(
                f"cv must hold pairs of training and test rows, but split {index} is {reprlib.repr(split)}"
            )
    return splitter


def _seed(random_state: Any) -> int:
    """Return the seed by which stopping rows are drawn, after all settings are drawn."""
    if isinstance(random_state, numbers.Integral):
        return int(random_state)
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))
