import pytest

from benchmarks import _find
from benchmarks._base import PARTS, LeftOutError, Taken
from benchmarks._breakdown import Chain
from benchmarks._claims import Race
from benchmarks._find import find, names


def test_every_row_of_the_table_is_there():
    assert names() == [
        "many",
        "memory",
        "nothing_to_share",
        "path_forest",
        "path_grid",
        "shared_families",
        "shared_steps",
        "slots",
        "tiny_fits",
        "tournament",
    ]


@pytest.mark.parametrize("name", names())
def test_a_benchmark_claims_something_of_its_own_contestants(name):
    benchmark = find(name)
    assert benchmark.claims
    assert benchmark.only_full < set(benchmark.contestants)
    assert type(benchmark.full) is type(benchmark.quick)
    for claim in benchmark.claims:
        if isinstance(claim, Race):
            assert {claim.ours, claim.peer} <= set(benchmark.contestants)
            assert claim.work is None or claim.work in benchmark.performers()


@pytest.mark.parametrize("name", names())
def test_quick_runs_claim_something(name):
    benchmark = find(name)
    taken = Taken(name, [], left_out=benchmark.left_out("quick"))
    left_out = 0
    for claim in benchmark.claims:
        try:
            claim.line(taken)
        except LeftOutError:
            left_out += 1
        except LookupError:
            pass
    assert left_out < len(benchmark.claims)


@pytest.mark.parametrize("name", names())
def test_what_a_ratio_is_made_of_are_contestants(name):
    benchmark = find(name)
    for breakdown in benchmark.made_of:
        if isinstance(breakdown, Chain):
            assert {breakdown.first, *(contestant for _, contestant in breakdown.steps)} <= set(benchmark.contestants)


PROVEN_BY_QUICK_RUNS = {"many", "memory", "path_forest", "path_grid", "shared_families", "shared_steps", "tournament"}


def test_quick_runs_prove_bounds_where_small_sizes_can():
    found = {name for name in names() if any("quick" in claim.bounds_at for claim in find(name).claims)}
    assert found == PROVEN_BY_QUICK_RUNS


@pytest.mark.parametrize("name", names())
def test_everybody_performs_several_times(name):
    assert find(name).runs >= (3 if name in {"many", "memory", "shared_steps", "tournament"} else 5)


def test_parts_are_a_performer():
    assert PARTS in find("shared_steps").performers()
    assert PARTS not in find("tiny_fits").performers()


def test_a_name_that_is_none_is_an_error():
    with pytest.raises(ValueError, match="there is no benchmark 'tiny'; there are many, memory"):
        find("tiny")


def test_what_is_no_benchmark_is_an_error(monkeypatch):
    monkeypatch.setattr(_find.importlib, "import_module", lambda name: type("Module", (), {"BENCHMARK": 7}))
    with pytest.raises(TypeError, match="must be a Benchmark, got 7"):
        find("slots")
