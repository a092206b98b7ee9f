"""What is special about each library's models, one module per library behind one protocol."""

from multisearch.families._base import Family, StoppingRows, TrainingRows
from multisearch.families._estimators import active_steps, is_plain_pipeline, kind_of, last_step
from multisearch.families._find import (
    FAMILIES,
    families_that_stop,
    family_of,
    libraries_as_if_new,
    stopping_family_of,
)
from multisearch.families._known import is_exactly, is_harmless, is_known

__all__ = [
    "FAMILIES",
    "Family",
    "StoppingRows",
    "TrainingRows",
    "active_steps",
    "families_that_stop",
    "family_of",
    "is_exactly",
    "is_harmless",
    "is_known",
    "is_plain_pipeline",
    "kind_of",
    "last_step",
    "libraries_as_if_new",
    "stopping_family_of",
]
