import gc

import pytest

from multisearch.engines.cluster import _clusters
from multisearch.engines.cluster._clusters import cluster_for
from multisearch.engines.cluster._placement import OnThisMachine, Scattered


def test_the_active_client_is_used_and_left_as_it_is(client):
    with cluster_for("client", 1) as (found, placement):
        assert found is client
        assert isinstance(placement, Scattered)
    assert client.status == "running"


def test_an_address_gets_a_client_of_its_own_that_is_closed_in_the_end(client):
    with cluster_for(client.scheduler.address, 1) as (found, placement):
        assert found is not client
        assert isinstance(placement, Scattered)
        assert found.submit(int, "3").result(timeout=20) == 3
    assert found.status == "closed"


def test_local_workers_share_files():
    with cluster_for("local", 1) as (found, placement):
        assert isinstance(placement, OnThisMachine)
        assert found.status == "running"


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("tcp://127.0.0.1:1", "no dask scheduler answered at scheduler='tcp://127.0.0.1:1' within 1 s"),
        ("tls://127.0.0.1:1", "for TLS, make a client of distributed with its security"),
    ],
)
def test_where_nobody_answers_the_error_names_the_address(monkeypatch, address, sentence):
    monkeypatch.setattr(_clusters, "_CONNECT_SECONDS", 1)

    with pytest.raises(ConnectionError, match=sentence) as raised, cluster_for(address, 1):
        pass
    left = [one for one in gc.get_objects() if isinstance(one, _clusters._Client)]
    assert {one.status for one in left} == {"closed"}, f"in the traceback of {raised}"
