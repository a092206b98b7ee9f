from multisearch._interrupts import Interrupts
from multisearch.fitting import Surroundings


def test_by_default_nothing_is_limited_watched_or_abandoned():
    surroundings = Surroundings()

    assert surroundings.native_threads is surroundings.worker is None
    assert surroundings.interrupts is Interrupts
    assert not surroundings.is_abandoned()
    assert surroundings.is_alone
    with surroundings.watch() as caught:
        assert caught == []
