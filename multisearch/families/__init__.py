"""What is special about each library's models, one module per library behind one protocol."""

from multisearch.families._base import Family, Stopped, StoppingRows, TrainingRows
from multisearch.families._estimators import (
    active_steps,
    has_last_step,
    is_plain_pipeline,
    is_resampling_pipeline,
    kind_of,
    last_step,
    prefix_of_last_step,
    without_sampling,
)
from multisearch.families._find import (
    FAMILIES,
    families_that_stop,
    family_of,
    libraries_as_if_new,
    stopping_family_of,
)
from multisearch.families._iterative import iterative_models_in
from multisearch.families._known import is_exactly, is_harmless, is_known

__all__ = [
    "FAMILIES",
    "Family",
    "Stopped",
    "StoppingRows",
    "TrainingRows",
    "active_steps",
    "families_that_stop",
    "family_of",
    "has_last_step",
    "is_exactly",
    "is_harmless",
    "is_known",
    "is_plain_pipeline",
    "is_resampling_pipeline",
    "iterative_models_in",
    "kind_of",
    "last_step",
    "libraries_as_if_new",
    "prefix_of_last_step",
    "stopping_family_of",
    "without_sampling",
]
