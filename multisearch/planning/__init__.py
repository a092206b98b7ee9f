"""What must be computed, and only that: folds, the tree of shared steps, and the order of tasks."""

from multisearch.planning._batching import Costs
from multisearch.planning._checks import SHARE, Checks, Repetition, Slots
from multisearch.planning._folds import FoldPlan, StoppingRows, make_folds
from multisearch.planning._paths import Fit, fits_of
from multisearch.planning._plan import Plan, Planner
from multisearch.planning._schedule import Schedule
from multisearch.planning._tree import Leaf, Node, StepChains, StepTree
from multisearch.planning._verdicts import Evidence, are_equal, verdict_of

__all__ = [
    "SHARE",
    "Checks",
    "Costs",
    "Evidence",
    "Fit",
    "FoldPlan",
    "Leaf",
    "Node",
    "Plan",
    "Planner",
    "Repetition",
    "Schedule",
    "Slots",
    "StepChains",
    "StepTree",
    "StoppingRows",
    "are_equal",
    "fits_of",
    "make_folds",
    "verdict_of",
]
