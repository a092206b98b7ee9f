"""What a fitted estimator says of dask collections: lazily, block by block; its score, made where the rows are."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse

from multisearch._lazy import blocks_of, in_memory, is_lazy
from multisearch._records import CaughtWarning
from multisearch._sklearn_compat import count_rows
from multisearch.families import kind_of
from multisearch.fitting import Settings, announced, applied, collected_warnings, current_settings


def answered_by_block(estimator: Any, method: str, data: Any) -> Any:
    """Return, lazily, what a method of an estimator gives for the blocks of a dask array or DataFrame.

    Each block is asked about alone, and where it is. At once only the first row is asked about, to learn the result's
    shape and dtype; and where dask does not know the categories of a column, they are collected from all partitions, so
    that each is asked about with those that the rows would have in memory.

    Parameters
    ----------
    estimator : fitted estimator
    method : str
    data : dask array of shape (n_samples, n_features), DataFrame or Series

    Returns
    -------
    result : dask array, or a dask DataFrame or Series where the method gives those of pandas; a list of them for a list
        Of shape (n_samples,) or (n_samples, n_outputs); blocks of an unknown number of rows keep it.
    """
    from dask.delayed import delayed

    data = _in_whole_rows(data)
    blocks = blocks_of(data)[:, 0]
    lengths = list(data.chunks[0]) if _is_array(data) else [np.nan] * len(blocks)
    question = _Question(estimator, method, current_settings(), _categories_of_all(data))
    question = replace(question, nothing=_answer_without_rows(question, blocks, lengths))
    shared = delayed(question, pure=False, traverse=False)
    parts = [delayed(_answer, pure=False)(shared, block) for block in blocks]
    return _collection(parts, lengths, question.nothing)


def scored(
    scorer: Any, model: Any, rows: tuple[Any, Any], params: Mapping[str, Any]
) -> tuple[Any, list[CaughtWarning]]:
    """Score a fitted model; on a dask collection where dask has all of its rows, so that only the score comes here.

    Parameters
    ----------
    scorer : callable
    model : fitted estimator
    rows : tuple
        X and y; any of them may be a dask collection.
    params : mapping of str to object
        What the scorer is given besides; dask collections as well.

    Returns
    -------
    score : float or dict
    caught : list of CaughtWarning
        What was warned about elsewhere.
    """
    X, y = rows
    if not is_lazy(X):
        shown = announced(model, kind_of(model), scorer)
        return scorer(shown, X, in_memory(y), **{name: in_memory(value) for name, value in params.items()}), []
    from dask.delayed import delayed

    scoring = _Scoring(scorer, model, current_settings(), tuple(warnings.filters))
    shared = delayed(scoring, pure=False, traverse=False)
    # One by one, since dask does not look for DataFrames inside a dict
    asked = delayed(_score, pure=False)(shared, tuple(params), X, y, *params.values())
    found: tuple[Any, list[CaughtWarning]] = _computed(asked)
    return found


def _computed(asked: Any) -> Any:
    """Compute something without dask's advice about large graphs: a model in it may be large, and has to be there."""
    import dask

    with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 TB"}):
        return asked.compute()


@dataclass(frozen=True, slots=True)
class _Question:
    """What is to be asked about each block, wherever that is.

    Attributes
    ----------
    estimator : fitted estimator
    method : str
    settings : Settings
        Of libraries, where the question is asked.
    categories : mapping of str to CategoricalDtype
        By column, where those of a single block may be others.
    nothing : array, frame or list of them
        The answer to a block without rows, about which estimators cannot be asked.
    """

    estimator: Any
    method: str
    settings: Settings
    categories: Mapping[Any, Any] = field(default_factory=dict)
    nothing: Any = None


@dataclass(frozen=True, slots=True)
class _Scoring:
    """What scores rows, wherever they are."""

    scorer: Any
    model: Any
    settings: Settings
    warning_filters: Sequence[tuple[Any, ...]]


def _score(scoring: _Scoring, names: Sequence[str], X: Any, y: Any, *params: Any) -> tuple[Any, list[CaughtWarning]]:
    shown = announced(scoring.model, kind_of(scoring.model), scoring.scorer)
    with applied(scoring.settings), collected_warnings(scoring.warning_filters) as caught:
        score = scoring.scorer(shown, X, y, **dict(zip(names, params, strict=True)))
    return score, caught


def _answer(question: _Question, block: Any) -> Any:
    return _asked(question, block) if count_rows(block) else question.nothing


def _without_rows(question: _Question, block: Any) -> Any:
    """Return the answer to a block's first row, without that row; None where there is no row."""
    first = _first_row(block)
    return _shortened(_asked(question, first)) if count_rows(first) else None


def _asked(question: _Question, block: Any) -> Any:
    if question.categories:
        types = question.categories
        block = block.astype(dict(types) if block.ndim > 1 else next(iter(types.values())))
    with applied(question.settings):
        return _kept(getattr(question.estimator, question.method)(block))


def _kept(answer: Any) -> Any:
    """Return an answer as something that dask has collections for; a list of arrays has one for each output."""
    if isinstance(answer, list) and answer and all(isinstance(one, np.ndarray) and one.ndim for one in answer):
        return answer
    is_known_to_dask = isinstance(answer, pd.DataFrame | pd.Series) or scipy.sparse.issparse(answer)
    return answer if is_known_to_dask else np.asarray(answer)


def _shortened(answer: Any) -> Any:
    if isinstance(answer, list):
        return [_shortened(one) for one in answer]
    if scipy.sparse.issparse(answer):
        answer = answer.tocsr()
    return answer.iloc[:0] if hasattr(answer, "iloc") else answer[:0]


def _first_row(block: Any) -> Any:
    return block.iloc[:1] if hasattr(block, "iloc") else block[:1]


def _is_array(data: Any) -> bool:
    import dask.array as da

    return isinstance(data, da.Array)


def _in_whole_rows(data: Any) -> Any:
    """Return a DataFrame as it is, an array in blocks of rows only."""
    if _is_array(data) and any(number > 1 for number in data.numblocks[1:]):
        return data.rechunk(dict.fromkeys(range(1, data.ndim), -1))
    return data


def _categories_of_all(data: Any) -> dict[Any, Any]:
    """Return the types that columns have in memory whose categories dask does not know: the union of all partitions'.

    dask itself says what they are, of the first row of each partition.
    """
    if _is_array(data):
        return {}
    frame = data if data.ndim > 1 else data.to_frame()
    categorical = [name for name, dtype in frame.dtypes.items() if isinstance(dtype, pd.CategoricalDtype)]
    unknown = [name for name in categorical if not frame[name].cat.known]
    if not unknown:
        return {}
    from dask.delayed import delayed

    found: dict[Any, Any] = _computed(delayed(_types)(frame[unknown].map_partitions(_first_row)))
    return found


def _types(frame: pd.DataFrame) -> dict[Any, Any]:
    return dict(frame.dtypes.items())


def _answer_without_rows(question: _Question, blocks: Sequence[Any], lengths: Sequence[float]) -> Any:
    """Ask about the first row that there is, where it is; of the answer only its form comes here."""
    from dask.delayed import delayed

    shared = delayed(question, pure=False, traverse=False)
    for block, length in zip(blocks, lengths, strict=True):
        form = _computed(delayed(_without_rows, pure=False)(shared, block)) if length else None
        if form is not None:
            return form
    return _computed(delayed(_asked, pure=False)(shared, blocks[0]))  # which says what it lacks


def _collection(parts: Sequence[Any], lengths: Sequence[float], form: Any) -> Any:
    """Return the dask collection, or one for each output, that consists of delayed parts."""
    from dask.delayed import delayed

    if isinstance(form, list):
        outputs = [[delayed(itemgetter(index), pure=False)(part) for part in parts] for index in range(len(form))]
        return [_collection(own, lengths, one) for own, one in zip(outputs, form, strict=True)]
    if hasattr(form, "iloc"):
        import dask.dataframe as dd

        return dd.from_delayed(parts, meta=form)
    import dask.array as da

    shapes = [(length, *form.shape[1:]) for length in lengths]
    arrays = [da.from_delayed(part, shape, meta=form) for part, shape in zip(parts, shapes, strict=True)]
    return da.concatenate(arrays, allow_unknown_chunksizes=True)
