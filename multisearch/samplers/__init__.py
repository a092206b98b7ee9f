"""What to try: the samplers that propose settings of an estimator."""

from multisearch.samplers._base import Sampler
from multisearch.samplers._choose import make_samplers

__all__ = ["Sampler", "make_samplers"]
