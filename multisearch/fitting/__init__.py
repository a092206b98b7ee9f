"""How one piece is done: a task on concrete data to outcomes."""

from multisearch.fitting._limit import FitTimeoutError, within
from multisearch.fitting._monitor import Monitor, metadata_of
from multisearch.fitting._paths import path_of
from multisearch.fitting._problem import Problem
from multisearch.fitting._scoring import announced, make_scorers
from multisearch.fitting._settings import Settings, applied, current_settings
from multisearch.fitting._shared import StepResult
from multisearch.fitting._surroundings import Surroundings
from multisearch.fitting._warnings import collected_warnings
from multisearch.fitting._worker import run_task

__all__ = [
    "FitTimeoutError",
    "Monitor",
    "Problem",
    "Settings",
    "StepResult",
    "Surroundings",
    "announced",
    "applied",
    "collected_warnings",
    "current_settings",
    "make_scorers",
    "metadata_of",
    "path_of",
    "run_task",
    "within",
]
