import pytest
from scipy.stats import uniform
from sklearn.linear_model import Ridge

from multisearch._records import Candidate, Outcome
from multisearch.arguments import check_space
from multisearch.samplers import make_samplers

SPACES = [({"alpha": [1.0, 2.0, 3.0]}, None), ({"alpha": [1.0, 2.0, 3.0]}, 2), ({"alpha": uniform()}, 3)]


@pytest.mark.parametrize(("space", "n_iter"), SPACES)
def test_every_sampler_proposes_until_it_has_nothing_more(space, n_iter):
    sampler = make_samplers([check_space("ridge", Ridge(), space)], n_iter, random_state=0)["ridge"]
    settings = sampler.ask()
    assert len(settings) == (n_iter or 3)
    for index, setting in enumerate(settings):
        sampler.tell(Candidate(index, "ridge", setting), [Outcome(index, 0, 0.1, 0.1, 0.2, test_scores=0.5)])
    assert sampler.ask() == []
