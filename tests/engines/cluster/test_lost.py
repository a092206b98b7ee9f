from types import SimpleNamespace

from distributed.scheduler import KilledWorker

from multisearch.engines.cluster._lost import died_below, gone_with_its_base, killed, no_sign_of_life

ERROR = KilledWorker("step", SimpleNamespace(address="tcp://127.0.0.1:1"), 1)


def test_only_what_dask_gave_up_itself_had_begun():
    assert died_below(ERROR, "batch")
    assert not died_below(ERROR, "step")
    assert not died_below(RuntimeError("step"), "batch")


def test_nothing_is_certain_and_sentences_have_the_figures():
    losses = [killed(ERROR), gone_with_its_base(2), no_sign_of_life(7.5)]
    assert [lost.is_certain for lost in losses] == [False] * 3
    assert [lost.failure.kind for lost in losses] == ["killed", "killed", "timeout"]
    assert [lost.worker for lost in losses] == ["tcp://127.0.0.1:1", None, None]
    said = ["died, 2 times in a row", "stands on with it, 2 times", "no sign of life for 7.5 seconds"]
    assert all(part in lost.failure.message for part, lost in zip(said, losses, strict=True))
