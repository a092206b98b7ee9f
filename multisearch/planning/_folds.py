"""Splitters made concrete: the rows of every fold, the stopping rows carved out of the training part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.model_selection import GroupShuffleSplit, ShuffleSplit, StratifiedShuffleSplit, TimeSeriesSplit
from sklearn.utils.multiclass import type_of_target

from multisearch._records import Fold, Rows
from multisearch._sklearn_compat import take_rows


@dataclass(frozen=True, slots=True)
class StoppingRows:
    """Where the rows that decide about stopping come from.

    ``source`` is "inner" (a fraction of the training rows), "fold" (the test rows) or a splitter, whose first split of
    the training rows is taken. Two estimators whose rows come from the same place see the same rows.
    """

    source: Any
    fraction: float


@dataclass(frozen=True, slots=True)
class FoldPlan:
    """The data that folds are cut from: y, groups, the splitter, and whether classes are to be kept in proportion."""

    X: Any
    y: Any
    splitter: Any
    split_params: Mapping[str, Any]
    stratify: bool
    seed: int | None


def make_folds(plan: FoldPlan, variants: Sequence[StoppingRows | None]) -> list[tuple[Fold, ...]]:
    """Ask the splitter once and cut every variant's folds from the same splits.

    Parameters
    ----------
    plan : FoldPlan
    variants : sequence of StoppingRows or None
        None stands for folds without stopping rows.

    Returns
    -------
    folds : list of tuple of Fold
        One tuple per variant, of the splitter's length and in its order.

    Raises
    ------
    ValueError
        Where the splitter yields nothing or not as many folds as it says, or where stopping rows cannot be carved out.
    """
    n_splits = plan.splitter.get_n_splits(plan.X, plan.y, **plan.split_params)
    splits = [(_rows(train), _rows(test)) for train, test in plan.splitter.split(plan.X, plan.y, **plan.split_params)]
    if len(splits) != n_splits:
        raise ValueError(
            f"cv.split and cv.get_n_splits return inconsistent results. Expected {n_splits} splits, got {len(splits)}"
        )
    if not splits:
        raise ValueError("No fits were performed. Was the CV iterator empty? Were there no candidates?")
    return [
        tuple(_fold(plan, variant, index, train, test) for index, (train, test) in enumerate(splits))
        for variant in variants
    ]


def _rows(selection: Any) -> Rows:
    """Return positions for what splitters yield: integers or a mask."""
    rows = np.asarray(selection)
    return np.flatnonzero(rows) if rows.dtype == bool else rows.astype(np.intp, copy=False)


def _fold(plan: FoldPlan, variant: StoppingRows | None, index: int, train: Rows, test: Rows) -> Fold:
    if variant is None:
        return Fold(index, train, test)
    if isinstance(variant.source, str) and variant.source == "fold":
        return Fold(index, train, test, stopping=test)
    kept, stopping = _carve(plan, variant, index, train)
    return Fold(index, train[kept], test, stopping=train[stopping])


def _carve(plan: FoldPlan, variant: StoppingRows, index: int, train: Rows) -> tuple[Rows, Rows]:
    """Split positions within the training rows into those to train on and those to stop by."""
    groups = plan.split_params.get("groups")
    y = None if plan.y is None else take_rows(plan.y, train)
    own_groups = None if groups is None else np.asarray(take_rows(groups, train))
    if not isinstance(variant.source, str):
        first = next(iter(variant.source.split(np.zeros((len(train), 1)), y, own_groups)), None)
        if first is None:
            raise ValueError(f"validation={variant.source!r} yields no split of the training rows of fold {index}")
        kept, stopping = _rows(first[0]), _rows(first[1])
        if max(kept.max(initial=0), stopping.max(initial=0)) >= len(train):
            raise ValueError(
                f"validation={variant.source!r} splits rows of its own, not the {len(train)} training rows of fold "
                f"{index} that it is given; give EarlyStopping a splitter such as ShuffleSplit"
            )
        return kept, stopping
    n_stopping = int(np.ceil(variant.fraction * len(train)))
    if n_stopping >= len(train):
        raise ValueError(
            f"validation_fraction={variant.fraction} leaves no training rows of the {len(train)} in fold {index}; "
            "lower it or use fewer folds"
        )
    if isinstance(plan.splitter, TimeSeriesSplit):
        positions = np.arange(len(train))
        return positions[:-n_stopping], positions[-n_stopping:]
    splitter: Any = ShuffleSplit
    if own_groups is not None:
        splitter = GroupShuffleSplit
    elif plan.stratify and type_of_target(y) in {"binary", "multiclass"}:
        splitter = StratifiedShuffleSplit
    shuffle = splitter(n_splits=1, test_size=variant.fraction, random_state=plan.seed)
    try:
        kept, stopping = next(shuffle.split(np.zeros((len(train), 1)), y, own_groups))
    except ValueError as error:
        raise ValueError(
            f"validation_fraction={variant.fraction} cannot be carved out of the {len(train)} training rows of fold "
            f"{index}: {error}; change it, or give EarlyStopping a splitter as validation"
        ) from error
    return kept, stopping
