"""What to try: the ``estimators`` argument, validated, and the samplers that propose settings from it."""

from multisearch.candidates._choose import make_samplers
from multisearch.candidates._sampler import Sampler
from multisearch.candidates._space import Competitor, check_names, check_space

__all__ = ["Competitor", "Sampler", "check_names", "check_space", "make_samplers"]
