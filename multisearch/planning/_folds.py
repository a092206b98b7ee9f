"""Splitters made concrete: the rows of every fold, the stopping rows carved out of the training part."""

from __future__ import annotations

import logging
import reprlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.model_selection import (
    GroupShuffleSplit,
    ShuffleSplit,
    StratifiedShuffleSplit,
    TimeSeriesSplit,
)
from sklearn.utils.multiclass import type_of_target

from multisearch._records import Fold, Rows
from multisearch._sklearn_compat import count_rows, take_rows

logger = logging.getLogger("multisearch")


@dataclass(frozen=True, slots=True)
class StoppingRows:
    """Where the rows that decide about stopping come from.

    ``source`` is "inner" (a fraction of the training rows), "last" (the last of them), "fold" (the test rows) or a
    splitter, whose first split of the training rows is taken. ``gap`` is how many rows before the last ones are left
    out; None stands for as many as the splitter leaves out. Two estimators whose rows come from the same place see the
    same rows.
    """

    source: Any
    fraction: float
    gap: int | None = None


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
    order = _order(plan, splits) if any(map(_asks_for_order, variants)) else None
    return [
        tuple(_fold(plan, variant, order, index, split) for index, split in enumerate(splits)) for variant in variants
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


@dataclass(frozen=True, slots=True)
class _Order:
    """Says of splits that all training rows come before the test rows: how many rows are between them in each.

    With ``has_whole_groups`` no group is on both sides.
    """

    gap: int
    has_whole_groups: bool


_CLASSES = {"binary", "multiclass"}
_SHUFFLES = (ShuffleSplit, GroupShuffleSplit, StratifiedShuffleSplit)
"""Few rows may be in order by chance."""


def _asks_for_order(variant: StoppingRows | None) -> bool:
    return variant is not None and isinstance(variant.source, str) and variant.source in {"inner", "last"}


def _order(plan: FoldPlan, splits: Sequence[tuple[Rows, Rows]]) -> _Order | None:
    """Find out whether all training rows come before the test rows; then that is likely to be time."""
    if type(plan.splitter) in _SHUFFLES:
        return None
    n_rows = count_rows(plan.X)
    gaps = {_gap(train % n_rows, test % n_rows) for train, test in splits if len(train) and len(test)}
    if isinstance(plan.splitter, TimeSeriesSplit):
        return _Order(int(plan.splitter.gap), has_whole_groups=_has_whole_groups(plan, splits))
    if not gaps or min(gaps) < 0 or all(_is_sorted_by_class(plan, train) for train, _ in splits):
        return None
    # Seen once it may mean anything, as where most rows are used for nothing
    gap = gaps.pop() if len(gaps) == 1 and len(splits) > 1 else 0
    logger.info(
        "all training rows of cv come before the test rows: early stopping holds the last training rows back, with a "
        "gap of %d rows",
        gap,
    )
    return _Order(gap, has_whole_groups=_has_whole_groups(plan, splits))


def _gap(train: Rows, test: Rows) -> int:
    return int(test.min()) - int(train.max()) - 1


def _is_sorted_by_class(plan: FoldPlan, train: Rows) -> bool:
    """Say whether each class is in one piece, so that the last rows would be of one class."""
    if not plan.stratify:
        return False
    y = np.asarray(take_rows(plan.y, np.sort(train % count_rows(plan.X))))
    return type_of_target(y) in _CLASSES and int(np.count_nonzero(y[1:] != y[:-1])) < len(np.unique(y))


def _has_whole_groups(plan: FoldPlan, splits: Sequence[tuple[Rows, Rows]]) -> bool:
    groups = plan.split_params.get("groups")
    if groups is None:
        return False
    return all(_groups_of(groups, train).isdisjoint(_groups_of(groups, test)) for train, test in splits)


def _groups_of(groups: Any, rows: Rows) -> set[Any]:
    return set(np.asarray(take_rows(groups, rows)).tolist())


def _fold(
    plan: FoldPlan, variant: StoppingRows | None, order: _Order | None, index: int, split: tuple[Rows, Rows]
) -> Fold:
    train, test = split
    if variant is None:
        return Fold(index, train, test)
    if isinstance(variant.source, str) and variant.source == "fold":
        return Fold(index, train, test, stopping=test)
    kept, stopping = _carve(plan, variant, order, index, train)
    return Fold(index, train[kept], test, stopping=train[stopping])


def _carve(plan: FoldPlan, variant: StoppingRows, order: _Order | None, index: int, train: Rows) -> tuple[Rows, Rows]:
    """Split positions within the training rows into those to train on and those to stop by."""
    if not isinstance(variant.source, str):
        return _of_splitter(plan, variant, index, train)
    if np.ceil(variant.fraction * len(train)) >= len(train):
        raise ValueError(
            f"validation_fraction={variant.fraction} leaves no training rows of the {len(train)} in fold {index}; "
            "lower it or use fewer folds"
        )
    if variant.source == "last" or order is not None:
        return _last(plan, variant, order, index, train)
    return _at_random(plan, variant, index, train)


def _of_splitter(plan: FoldPlan, variant: StoppingRows, index: int, train: Rows) -> tuple[Rows, Rows]:
    y, groups = _targets_and_groups(plan, train)
    first = next(iter(variant.source.split(np.zeros((len(train), 1)), y, groups)), None)
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


def _last(plan: FoldPlan, variant: StoppingRows, order: _Order | None, index: int, train: Rows) -> tuple[Rows, Rows]:
    """Hold the last rows back, and leave out those before them that are too near, by rows or by group."""
    numbers = train % count_rows(plan.X)
    n_stopping = int(np.ceil(variant.fraction * len(train)))
    stopping = np.sort(np.argsort(numbers, kind="stable")[-n_stopping:])
    gap = variant.gap if variant.gap is not None else 0 if order is None else order.gap
    is_kept = numbers < numbers[stopping].min() - gap
    if variant.source == "inner" and order is not None and order.has_whole_groups:
        _, groups = _targets_and_groups(plan, train)
        stops = set(groups[stopping].tolist())
        is_kept &= [group not in stops for group in groups.tolist()]
    if not is_kept.any():
        raise ValueError(
            f"the last {n_stopping} of the {len(train)} training rows in fold {index}, with a gap of {gap} rows before "
            "them, leave none to train on; lower EarlyStopping's validation_fraction, or give it validation='last' "
            "and a smaller gap"
        )
    return np.flatnonzero(is_kept), stopping


def _at_random(plan: FoldPlan, variant: StoppingRows, index: int, train: Rows) -> tuple[Rows, Rows]:
    y, groups = _targets_and_groups(plan, train)
    splitter: Any = ShuffleSplit
    if groups is not None:
        splitter = GroupShuffleSplit
    elif plan.stratify and type_of_target(y) in _CLASSES:
        splitter = StratifiedShuffleSplit
    shuffle = splitter(n_splits=1, test_size=variant.fraction, random_state=plan.seed)
    try:
        kept, stopping = next(shuffle.split(np.zeros((len(train), 1)), y, groups))
    except ValueError as error:
        raise ValueError(
            f"validation_fraction={variant.fraction} cannot be carved out of the {len(train)} training rows of fold "
            f"{index}: {error}; change it, or give EarlyStopping a splitter as validation"
        ) from error
    return kept, stopping


def _targets_and_groups(plan: FoldPlan, train: Rows) -> tuple[Any, Any]:
    groups = plan.split_params.get("groups")
    y = None if plan.y is None else take_rows(plan.y, train)
    return y, None if groups is None else np.asarray(take_rows(groups, train))
