"""Where faults happen: on local workers of our own, and on clusters of the user's that tests may break."""

import sys
from contextlib import ExitStack
from pathlib import Path

import dask
import pytest
from faults._estimators import OURS
from faults._processes import scheduler, started


def pytest_collection_modifyitems(items):
    """Expect what is said about scores that are not there."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite"))


@pytest.fixture
def clusters_keep_their_workers():
    """Let a LocalCluster not give up a worker that is away just when it looks, some time after an earlier death."""
    with dask.config.set({"distributed.deploy.lost-worker-timeout": "1 day"}):
        yield


@pytest.fixture
def new_cluster():
    """Start a cluster of the user's, whose client is the active one until the test is over."""
    from distributed import Client, LocalCluster

    with ExitStack() as stack:

        def start(n_workers, **options):
            here = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}
            usual = {"threads_per_worker": 1, "processes": True, **here}
            cluster = stack.enter_context(LocalCluster(n_workers=n_workers, **{**usual, **options}))
            return stack.enter_context(Client(cluster))

        yield start


@pytest.fixture(scope="session")
def address_of_theirs(tmp_path_factory):
    """Start a cluster from the command line: its end is that of its processes, in whatever state they are."""
    folder = tmp_path_factory.mktemp("theirs")
    options = ["--nworkers", "2", "--nthreads", "1", "--host", "127.0.0.1", "--no-dashboard"]
    with scheduler(folder) as (_, address):
        command = [sys.executable, "-m", "dask", "worker", address, *options, "--local-directory", folder]
        with started(*command, folder=folder):
            yield address


@pytest.fixture
def theirs(address_of_theirs):
    """Give the active client of a cluster of two workers, which may die: they are replaced."""
    from distributed import Client

    with Client(address_of_theirs) as client:
        client.wait_for_workers(2, timeout=60)
        yield client


@pytest.fixture(params=["ours", "theirs"])
def anywhere(request):
    """Give the arguments of a search that runs on two workers of our own or of the user's."""
    if request.param == "ours":
        return OURS
    request.getfixturevalue("theirs")
    return {}
