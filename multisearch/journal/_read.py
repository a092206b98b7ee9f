"""A journal as a DataFrame, across all searches that have written into it."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from multisearch._histories import unpack
from multisearch._records import Scores
from multisearch.journal._file import path_of, read_rows
from multisearch.journal._rows import COLUMNS, Record, records_of

if TYPE_CHECKING:
    import pandas as pd

_SCORES = {"test_scores": "test", "train_scores": "train"}
"""Columns of the file that become one column per metric, and how the names of these begin."""

_DTYPES = {
    "fold": "int64",
    "fit_time": "float64",
    "score_time": "float64",
    "seconds": "float64",
    "n_iterations": "Int64",
    "threads": "Int64",
    "used_up": "boolean",
}


def read_journal(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Read what the searches with this ``journal`` have finished.

    Nothing in the file is executed, so that a stranger's journal can be read. It may be read while searches write
    into it.

    Parameters
    ----------
    path : str or os.PathLike
        Of the journal.

    Returns
    -------
    pandas.DataFrame
        One row per evaluation, in the order in which they were finished, with these columns:

        - ``key``: stands for all that the evaluation depends on; the same evaluation has the same key in any search.
        - ``search``: 12 digits that are different for each call of ``fit``.
        - ``finished``: the time at which it was written down, in UTC.
        - ``estimator``, ``fold``: the name of the estimator, the number of the split.
        - ``params``: the setting, a dict. Numbers, text, None, lists and dicts of these are there as they were (a
          tuple as a list), and everything else as the text of its ``repr``.
        - ``fit_time``, ``score_time``, ``seconds``: the first two as in ``cv_results_``; the last is what was really
          spent on this evaluation.
        - ``test_score``, or ``test_<metric>`` for each of several metrics; NaN where there is none. Likewise
          ``train_score`` or ``train_<metric>`` where searches had ``return_train_score=True``.
        - ``n_iterations``: of fits that stopped early.
        - ``kind``, ``message``, ``traceback``: how and why the fit failed; missing where it did not. A kind is
          ``"raised"``, ``"timeout"`` or ``"killed"``.
        - ``worker``: where it ran.
        - ``hardware``, ``threads``: the processor's architecture and model, and the native threads for one fit; missing
          in rows that an older version has written.
        - ``history``: of fits that stopped early, a dict of arrays of shape (n_trained_iterations,): each metric on the
          stopping rows, under the library's own name. None where none was kept.
        - ``used_up``: whether such a fit used up all its iterations before its patience ran out.

    Raises
    ------
    TypeError
        Where `path` is no path.
    ValueError
        Where the file is no journal, is damaged, or was written by a newer version.
    OSError
        Where it cannot be read: FileNotFoundError if there is none.

    Warns
    -----
    UserWarning
        Where single records are damaged, which are left out.
    """
    file = path_of(path)
    records, n_damaged = records_of(read_rows(file))
    if n_damaged:
        warnings.warn(
            f"{n_damaged} records of the journal {file} are damaged and left out: their checksum is wrong.",
            UserWarning,
            stacklevel=2,
        )
    return _frame_of(records)


def _frame_of(records: Sequence[Record]) -> pd.DataFrame:
    import pandas as pd

    columns: dict[str, Any] = {}
    for name in COLUMNS:
        values = [getattr(record, name) for record in records]
        if name in _SCORES:
            columns |= _columns_of_scores(_SCORES[name], values)
        elif name == "finished":
            times = pd.Series(values, dtype=object)
            columns[name] = pd.to_datetime(times, utc=True, format="ISO8601", errors="coerce").dt.as_unit("us")
        elif name == "history":
            histories = [None if packed is None else unpack(packed) for packed in values]
            columns[name] = pd.Series(histories, dtype=object)
        else:
            columns[name] = pd.Series(values, dtype=_DTYPES.get(name, object))
    return pd.DataFrame(columns).sort_values("finished", kind="stable", ignore_index=True)


def _columns_of_scores(prefix: str, scores: Sequence[Scores | None]) -> dict[str, list[float]]:
    by_name = [dict(_named(prefix, one)) for one in scores]
    names = dict.fromkeys(name for one in by_name for name in one)
    return {name: [one.get(name, math.nan) for one in by_name] for name in names}


def _named(prefix: str, scores: Scores | None) -> list[tuple[str, float]]:
    if scores is None:
        return []
    if isinstance(scores, dict):
        return [(f"{prefix}_{metric}", score) for metric, score in scores.items()]
    return [(f"{prefix}_score", scores)]
