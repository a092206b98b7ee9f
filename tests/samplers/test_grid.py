from sklearn.model_selection import ParameterGrid

from multisearch.samplers._grid import GridSampler


def test_the_whole_grid_comes_at_once_in_scikit_learns_order(competitor):
    spaces = [{"alpha": [2, 1], "fit_intercept": [True, False]}, {"solver": ["svd", "lsqr"]}]
    sampler = GridSampler(competitor(spaces))

    assert sampler.ask() == list(ParameterGrid(spaces))
    assert sampler.ask() == []


def test_no_parameters_are_one_candidate(competitor):
    assert GridSampler(competitor({})).ask() == [{}]


def test_scores_change_nothing(competitor):
    sampler = GridSampler(competitor({"alpha": [1]}))
    sampler.ask()
    sampler.tell(None, [])

    assert sampler.ask() == []
