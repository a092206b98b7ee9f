"""`SearchPlan`: the numbers of a plan, and their words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from multisearch._printable import on_one_line
from multisearch.preview._html import as_html
from multisearch.preview._sheet import Branch, Share, Sheet, count, duration, shortened
from multisearch.preview._text import as_text

_ROWS = 30

_COUNTED_ONCE = "A step that several estimators share is counted with the first of them."
_NOT_MEASURED = "Nothing was fitted; plan(X, y, measure=True) also says how long the search may take."
_HOW_MEASURED = (
    "Estimated from one evaluation of each estimator on the first fold (the middle one of its candidates; of those "
    "on a path one with the most iterations). Every other takes as long, on a path in proportion to its iterations; "
    "so do shared steps of the same kind. The work is divided by the tasks that can run at the same time, and lasts at "
    "least as long as the longest evaluation behind its shared steps. The refit and sending data are not included."
)


@dataclass(frozen=True, slots=True)
class EstimatorPlan:
    """One estimator's part of a plan.

    A step that several estimators share is counted with the first of them, so that the parts add up to the whole.

    Attributes
    ----------
    name : str
    candidates : int
    evaluations : int
        Candidates times folds.
    step_fits : int
        Pipeline steps (transformers and final estimators) to be fitted.
    saved_by_sharing : int
        Pipeline steps that need no fit, because another candidate's is used.
    saved_by_paths : int
        Pipeline steps that need no fit, because their candidate is the first iterations of another.
    path_fits_saved : int
        Evaluations that need no fit for this reason.
    seconds_per_evaluation : float or None
        Expected seconds of an evaluation behind its shared steps, on average; None where nothing was measured, or the
        trial failed.
    work_seconds : float or None
        Expected seconds of all that is counted here, shared steps included; None where nothing was measured.
    failure : str or None
        Why the trial failed.
    """

    name: str
    candidates: int
    evaluations: int
    step_fits: int
    saved_by_sharing: int
    saved_by_paths: int
    path_fits_saved: int
    seconds_per_evaluation: float | None = None
    work_seconds: float | None = None
    failure: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class SearchPlan:
    """What a search is going to fit, and what it saves; printed as text, drawn as HTML in notebooks.

    Returned by `MultiModelSearchCV.plan`. It covers all that the samplers propose before they know any score; for a
    grid and for random draws that is everything.

    Attributes
    ----------
    estimators : tuple of EstimatorPlan
        In the order of the search; ``pandas.DataFrame(plan.estimators)`` makes a table of them.
    folds : int
    shared_steps : int
        Groups of leading pipeline steps that are fitted once for several evaluations.
    place : str
        Where the search would run, in words.
    workers : int or None
        Tasks that can run at the same time; None where that was not measured.
    longest_seconds : float or None
        Expected seconds of the longest evaluation with the shared steps above it; None without a measurement.
    candidates, evaluations, step_fits, step_fits_saved, path_fits_saved : int
        Sums over the estimators; `SearchStats` has the same numbers after the fit.
    work_seconds, expected_seconds : float or None
        Expected seconds of work, and from the first task to the last outcome on these workers; None without a
        measurement.
    """

    estimators: tuple[EstimatorPlan, ...]
    folds: int
    shared_steps: int
    place: str
    workers: int | None = None
    longest_seconds: float | None = None
    _tree: tuple[Branch, ...] = field(default=(), compare=False)

    @property
    def candidates(self) -> int:
        """Settings to be tried."""
        return sum(one.candidates for one in self.estimators)

    @property
    def evaluations(self) -> int:
        """Candidates times folds."""
        return sum(one.evaluations for one in self.estimators)

    @property
    def step_fits(self) -> int:
        """Pipeline steps (transformers and final estimators) to be fitted."""
        return sum(one.step_fits for one in self.estimators)

    @property
    def step_fits_saved(self) -> int:
        """Pipeline steps that would be fitted as well if every candidate were fitted alone."""
        return sum(one.saved_by_sharing + one.saved_by_paths for one in self.estimators)

    @property
    def path_fits_saved(self) -> int:
        """Evaluations that need no fit, because a larger model of the same path contains theirs."""
        return sum(one.path_fits_saved for one in self.estimators)

    @property
    def work_seconds(self) -> float | None:
        """Expected seconds of fitting, transforming and scoring, over all workers."""
        if self.workers is None:
            return None
        return sum(one.work_seconds for one in self.estimators if one.work_seconds is not None)

    @property
    def expected_seconds(self) -> float | None:
        """Expected seconds from the first task to the last outcome, without the refit."""
        if self.workers is None or self.work_seconds is None or self.longest_seconds is None:
            return None
        return max(self.work_seconds / self.workers, self.longest_seconds)

    def __str__(self) -> str:
        return as_text(self._sheet())

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return as_html(self._sheet())

    def _sheet(self) -> Sheet:
        header = ["estimator", "candidates", "evaluations", "step fits", "alone", "saved by sharing", "by paths"]
        if self.workers is not None:
            header += ["per evaluation", "work"]
        shown = self.estimators[:_ROWS]
        rows = [(shortened(one.name), *_numbers([one])) for one in shown]
        if len(shown) < len(self.estimators):
            left = self.estimators[len(shown) :]
            rows.append((f"... and {len(left):,} more", *_numbers(left)))
        rows.append(("all", *_numbers(self.estimators)))
        return Sheet(
            headline=f"{count(self.candidates, 'candidate')} of {count(len(self.estimators), 'estimator')} on "
            f"{count(self.folds, 'fold')}: {count(self.evaluations, 'evaluation')}",
            shares=self._shares(),
            facts=tuple(self._facts()),
            problems=tuple(
                f"{shortened(one.name)}: {on_one_line(one.failure)}" for one in self.estimators if one.failure
            ),
            tree=self._tree,
            header=tuple(header),
            rows=tuple(rows),
            notes=tuple(self._notes()),
        )

    def _shares(self) -> tuple[Share, ...]:
        if not self.step_fits_saved:
            return ()
        sharing = sum(one.saved_by_sharing for one in self.estimators)
        paths = sum(one.saved_by_paths for one in self.estimators)
        alone = self.step_fits + self.step_fits_saved
        return (
            Share(
                f"{count(self.step_fits, 'step fit')} instead of {alone:,} ({self.step_fits / alone:.0%})",
                self.step_fits,
            ),
            Share(f"{sharing:,} saved by sharing steps", sharing),
            Share(f"{paths:,} saved by paths", paths),
        )

    def _facts(self) -> list[str]:
        facts = [] if self.step_fits_saved else [f"{count(self.step_fits, 'step fit')}, none saved"]
        if self.path_fits_saved:
            facts.append(f"{self.path_fits_saved:,} evaluations are the first iterations of another's fit")
        if self.expected_seconds is None or self.work_seconds is None or self.workers is None:
            facts.append(f"would run {self.place}")
        elif self.workers == 1:
            facts.append(f"expected to take {duration(self.expected_seconds)} {self.place}")
        else:
            facts.append(
                f"expected to take {duration(self.expected_seconds)}: {duration(self.work_seconds)} of work "
                f"{self.place}, {self.workers:,} tasks at a time"
            )
        return facts

    def _notes(self) -> list[str]:
        notes = [_COUNTED_ONCE] if len(self.estimators) > 1 and self.shared_steps else []
        return [*notes, _NOT_MEASURED if self.workers is None else _HOW_MEASURED]


def _numbers(estimators: Sequence[EstimatorPlan]) -> list[str]:
    """Return the cells of a row of the table: sums over some estimators, and times where they were measured."""
    rows = [
        (
            one.candidates,
            one.evaluations,
            one.step_fits,
            one.step_fits + one.saved_by_sharing + one.saved_by_paths,
            one.saved_by_sharing,
            one.saved_by_paths,
        )
        for one in estimators
    ]
    cells = [f"{sum(column):,}" for column in zip(*rows, strict=True)]
    work = [one.work_seconds for one in estimators if one.work_seconds is not None]
    if not work:
        return cells
    each = [one.seconds_per_evaluation for one in estimators if one.seconds_per_evaluation is not None]
    single = len(estimators) == 1
    per_evaluation = duration(each[0]) if single and each else "failed" if single else ""
    return [*cells, per_evaluation, duration(sum(work)) if sum(work) else ""]
