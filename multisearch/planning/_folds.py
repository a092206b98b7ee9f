"""Splitters made concrete: the rows of every fold, the stopping rows carved out of the training part."""

from __future__ import annotations

import reprlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.model_selection import GroupShuffleSplit, ShuffleSplit, StratifiedShuffleSplit, TimeSeriesSplit
from sklearn.utils.multiclass import type_of_target

from multisearch._records import Fold, Rows
from multisearch._sklearn_compat import count_rows, take_rows


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
        Where the splitter yields nothing, not as many folds as it says, or rows that X does not have, or where stopping
        rows cannot be carved out.
    """
    n_splits = plan.splitter.get_n_splits(plan.X, plan.y, **plan.split_params)
    splits = list(_splits(plan))
    if len(splits) != n_splits:
        raise ValueError(
            f"cv.split and cv.get_n_splits return inconsistent results. Expected {n_splits} splits, got {len(splits)}"
        )
    if not splits:
        raise ValueError(
            "No fits were performed. Was the CV iterator empty? Were there no candidates? cv yields no split; an "
            "iterator can be read only once, so give a list or a splitter"
        )
    return [
        tuple(_fold(plan, variant, index, train, test) for index, (train, test) in enumerate(splits))
        for variant in variants
    ]


def _splits(plan: FoldPlan) -> Iterator[tuple[Rows, Rows]]:
    """Ask the splitter for its splits, and check that X has their rows."""
    n_rows = count_rows(plan.X)
    for index, split in enumerate(plan.splitter.split(plan.X, plan.y, **plan.split_params)):
        try:
            train, test = split
        except (TypeError, ValueError):
            raise ValueError(
                f"cv must yield pairs of training and test rows, but split {index} is {reprlib.repr(split)}"
            ) from None
        yield _rows_of(train, "training", index, n_rows), _rows_of(test, "test", index, n_rows)


def _rows_of(selection: Any, part: str, split: int, n_rows: int) -> Rows:
    try:
        return _rows(selection, n_rows)
    except ValueError as error:
        raise ValueError(f"cv: the {part} rows of split {split} {error}") from None


def _rows(selection: Any, n_rows: int) -> Rows:
    """Return positions for what splitters yield: integers or a mask.

    Raises
    ------
    ValueError
        Where it is neither, or was made for other rows; the message lacks its subject.
    """
    rows = np.asarray(selection)
    if rows.ndim != 1 or (rows.size and rows.dtype.kind not in "biu"):
        raise ValueError(f"are an array of shape {rows.shape} and dtype {rows.dtype}; give whole numbers or a mask")
    if rows.dtype == bool:
        if len(rows) != n_rows:
            raise ValueError(
                f"are a mask of length {len(rows)}, but X has {n_rows} rows; split the rows that fit is given"
            )
        return np.flatnonzero(rows)
    beyond = [row for row in map(int, (rows.max(), rows.min())) if not -n_rows <= row < n_rows] if rows.size else []
    if beyond:
        raise ValueError(f"hold row {beyond[0]}, but X has {n_rows} rows; split the rows that fit is given")
    return rows.astype(np.intp, copy=False)


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
        try:
            kept, stopping = (_rows(part, len(train)) for part in first)
        except ValueError as error:
            raise ValueError(
                f"validation={variant.source!r} splits rows of its own, not the {len(train)} training rows of fold "
                f"{index} that it is given; give EarlyStopping a splitter such as ShuffleSplit"
            ) from error
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
