"""The words of the house: frozen records that cross module borders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Scores: TypeAlias = float | dict[str, float]
"""One number, or one number per metric where several are asked for."""

Rows: TypeAlias = NDArray[np.intp]
"""Positions of rows in X."""


@dataclass(frozen=True, slots=True)
class Competitor:
    """One entry of ``estimators``: a name, an estimator, and the dicts of parameters to search."""

    name: str
    estimator: Any
    spaces: tuple[Mapping[str, Any], ...]

    @property
    def distributions(self) -> list[str]:
        """The names of the parameters that are drawn from a distribution, not taken from a list."""
        return sorted({name for space in self.spaces for name, values in space.items() if hasattr(values, "rvs")})


@dataclass(frozen=True, slots=True)
class Candidate:
    """One estimator with one parameter setting; a row of ``cv_results_``."""

    index: int
    estimator: str
    params: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Fold:
    """One train/test split as concrete rows; ``train`` leaves out the rows that are held back for stopping."""

    index: int
    train: Rows
    test: Rows
    stopping: Rows | None = None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One candidate on one fold: fit, score; then cut the model down to each shorter candidate, and score that.

    ``shorter`` are the candidates that are the first iterations of this one's fit, the longest first.
    """

    candidate: Candidate
    fold: int
    shorter: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True)
class StoppingRule:
    """When one estimator stops early, in the words of its library, and on which variant of the folds."""

    patience: int
    min_delta: float
    monitor: str | None
    refit_iterations: str
    variant: int
    keep_history: bool = True


@dataclass(frozen=True, slots=True)
class SharedStep:
    """Leading pipeline steps ``start`` to ``stop`` (exclusive), fitted once on one fold for every candidate below.

    ``candidate`` is any one of those candidates: all of them agree on these steps.
    """

    key: str
    parent: str | None
    candidate: Candidate
    fold: int
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Evaluations that one worker runs one after the other, all behind the same shared step (or none).

    A ``plain`` batch starts from the raw rows and takes no short cut. One that is done ``again`` was done before in
    another way: nobody is told of it, and it leaves the process's random generators as they were.
    """

    key: str
    parent: str | None
    evaluations: tuple[Evaluation, ...]
    plain: bool = False
    again: bool = False


@dataclass(frozen=True, slots=True)
class Refit:
    """One candidate to be fitted on all rows, for a fixed number of iterations if it was stopped early.

    A ``plain`` refit takes no short cut.
    """

    key: str
    candidate: Candidate
    iterations: int | None = None
    plain: bool = False
    parent: None = None


Task: TypeAlias = SharedStep | Batch | Refit
"""What is sent to a worker."""


SHARED_STEPS, PATHS, TRANSFORMED_ROWS = "shared steps", "paths", "scores of transformed rows"
KERAS_EPOCHS, KERAS_NETWORKS = "Keras' epochs in one call", "Keras' networks traced once"
EQUAL_SETTINGS = "settings taken for equal"
"""The short cuts: what may make an evaluation cheaper than it is from the raw rows, and never other.

The last one is part of the first two: what was fitted for other values of the parameters, or for another estimator, and
serves here since both are the same by content.
"""

JOURNAL = "journal"
"""Not a short cut of one search, but checked like one: an evaluation that an earlier search has done."""


EQUAL, DIFFERS = "equal", "differs"
NOT_SEEDED, NOT_REPRODUCIBLE = "not seeded", "not reproducible"
TOO_DEAR, NO_RESULT, OTHER_HARDWARE = "too dear", "no result", "other hardware"
"""What can come of a check."""


RAISED, TIMEOUT, KILLED = "raised", "timeout", "killed"
"""How a fit can fail: by an exception, by taking longer than allowed, by the death of the process it ran in."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a fit did not end well: a sentence, the traceback as text and, where it can travel, the exception.

    ``ends_search`` marks what no ``error_score`` can stand for, such as a scorer that returns no number. ``kind`` is
    one of `RAISED`, `TIMEOUT` and `KILLED`.
    """

    message: str
    traceback: str
    exception: BaseException | None = None
    ends_search: bool = False
    kind: str = RAISED

    @property
    def is_final(self) -> bool:
        """Whether the same fit would fail again, as far as one can tell; time and memory depend on the machine."""
        return self.kind == RAISED and not self.message.startswith(MemoryError.__name__)


@dataclass(frozen=True, slots=True)
class CaughtWarning:
    """A warning that a fit gave on a worker, to be given again where the user sees it."""

    message: str
    category: type[Warning]
    filename: str
    lineno: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came back for one evaluation.

    ``fit_time`` and ``score_time`` are seconds that the candidate would have cost alone; ``seconds`` were spent on it.
    Of a fit that several candidates share they are spent on the largest, and a share by iterations is each one's time.
    ``worker`` says where it ran, ``hardware`` and ``threads`` (those of native libraries) on what, ``short_cuts`` from
    which of them this evaluation has profited. Of a fit that stopped early, ``history`` is its packed history, and
    ``used_up`` whether the iterations came to their end before the patience did; None where that is not known.
    """

    candidate: int
    fold: int
    fit_time: float
    score_time: float
    seconds: float
    test_scores: Scores | None = None
    train_scores: Scores | None = None
    n_iterations: int | None = None
    failure: Failure | None = None
    warnings: tuple[CaughtWarning, ...] = ()
    worker: str | None = None
    short_cuts: frozenset[str] = frozenset()
    hardware: str | None = None
    threads: int | None = None
    history: bytes | None = None
    used_up: bool | None = None


@dataclass(frozen=True, slots=True)
class BatchResult:
    """The outcomes of one batch, and the seconds that each shared step above it took (by key).

    A batch ends with an evaluation that took longer than allowed, or that the user has interrupted; of those behind it
    there is no outcome. The ``interrupt`` is to be raised when the outcomes are taken care of. ``has_drawn`` says of a
    batch that was done again whether it has drawn from one of the process's random generators.
    """

    outcomes: tuple[Outcome, ...]
    shared_seconds: Mapping[str, float] = field(default_factory=dict)
    interrupt: BaseException | None = None
    has_drawn: bool = False


@dataclass(frozen=True, slots=True)
class Lost:
    """Comes instead of a result, where a task has ended with the process it ran in, or had to be ended with it.

    ``is_certain`` where this task is to blame for it; else it may have been another one in the same process.
    ``worker`` is where it was lost, if that is known.
    """

    failure: Failure
    is_certain: bool = False
    worker: str | None = None


@dataclass(frozen=True, slots=True)
class RefitResult:
    """The winner fitted on all rows, the seconds it took, and what went wrong or was warned about."""

    estimator: Any
    seconds: float
    failure: Failure | None = None
    warnings: tuple[CaughtWarning, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """One evaluation that was computed again from the raw rows, because of one short cut that it has taken.

    Attributes
    ----------
    estimator : str
        Its name.
    short_cut : str
        What was to be checked, such as ``"shared steps"`` or ``"paths"``.
    candidate, fold : int
        Which evaluation: a row of ``cv_results_``, and the number of the split.
    seconds : float
        What the check took, or would have taken where it was too dear. One evaluation may be the check of several short
        cuts, which then all have its seconds.
    verdict : str
        ``"equal"``, to the bit; ``"differs"``, so that this estimator took no short cuts any more; ``"not seeded"`` and
        ``"not reproducible"`` where the model itself gives other numbers each time, so that nothing can be said;
        ``"too dear"``, so that it was left out; ``"no result"`` where the check itself came to no end; ``"other
        hardware"`` where the two were made on other kinds of machines, or with other numbers of threads.
    """

    estimator: str
    short_cut: str
    candidate: int
    fold: int
    seconds: float
    verdict: str


@dataclass(frozen=True, slots=True)
class SearchStats:
    """What one search really cost.

    Attributes
    ----------
    evaluations : int
        Candidates times folds.
    shared_steps : int
        Groups of leading pipeline steps that were fitted once for several evaluations.
    step_fits : int
        Pipeline steps (transformers and final estimators) that were fitted.
    step_fits_saved : int
        Pipeline steps that would have been fitted as well, had every candidate been fitted alone.
    path_fits_saved : int
        Evaluations that needed no fit, because a larger model of the same path contained theirs.
    evaluations_from_journal : int
        Evaluations that were finished before, and taken from the journal.
    busy_seconds : float
        Seconds spent fitting, transforming and scoring, over all workers.
    wall_seconds : float
        Seconds from the first task to the last outcome.
    workers : int
        Tasks that could run at the same time.
    checks : tuple of Check
        What was computed a second time, from the raw rows, to see whether short cuts have changed anything, and what
        was too dear for that. Their seconds are part of ``busy_seconds``; their fits are not counted.
    """

    evaluations: int
    shared_steps: int
    step_fits: int
    step_fits_saved: int
    path_fits_saved: int
    evaluations_from_journal: int
    busy_seconds: float
    wall_seconds: float
    workers: int
    checks: tuple[Check, ...] = field(default=(), repr=False)
