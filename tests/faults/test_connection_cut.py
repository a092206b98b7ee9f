"""The connection to the scheduler falls silent: nobody closes it, but nothing comes through any more."""

import os
import shutil
import socket
import subprocess
import threading
import time
from contextlib import suppress

import pytest
from distributed import Client
from faults._processes import scheduler, worker
from faults._signals import meanwhile, wait_for
from faults._traced import X, assert_goes_on, is_well_under_way, search_in, set_pace, y

pytestmark = [pytest.mark.slow, pytest.mark.timeout(150)]


class Proxy:
    """Passes on what comes from either side, until it is cut."""

    def __init__(self, address):
        host, port = address.removeprefix("tcp://").split(":")
        self._target = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets = [self._listener]
        self._is_cut = threading.Event()
        self.address = "tcp://{}:{}".format(*self._listener.getsockname())
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self):
        self._is_cut.set()

    def close(self):
        for one in self._sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self):
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(self._target)
                self._sockets += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    def _pass_on(self, source, sink):
        with suppress(OSError):
            while data := source.recv(2**16):
                if not self._is_cut.is_set():
                    sink.sendall(data)
            if not self._is_cut.is_set():
                sink.shutdown(socket.SHUT_WR)


def assert_noticed(folder, cut, **arguments):
    """Check that the search ends within a minute from the cut."""
    set_pace(folder, 0.02, hold_after=57)
    moment = []

    def cut_and_note():
        wait_for(lambda: is_well_under_way(folder))
        cut()
        moment.append(time.monotonic())

    with meanwhile(cut_and_note), pytest.raises(ConnectionError, match="scheduler"):
        search_in(folder, **arguments).fit(X, y)
    assert time.monotonic() - moment[0] < 60


def test_behind_a_proxy_that_swallows_everything(tmp_path):
    with scheduler(tmp_path) as (_, address), worker(address, tmp_path):
        proxy = Proxy(address)
        try:
            with Client(proxy.address, timeout=5):
                assert_noticed(tmp_path, proxy.cut)
        finally:
            proxy.close()
    assert_goes_on(tmp_path)


NEAR, FAR = "198.18.77.1", "198.18.77.2"


@pytest.fixture
def far_away():
    """Give what a command has to begin with to run on the other end of a cable, and how to pull it out."""
    name = f"multisearch-{os.getpid()}"

    def ip(*arguments):
        subprocess.run(["ip", *arguments], check=True, capture_output=True)

    if shutil.which("ip") is None or os.geteuid() != 0:
        pytest.skip("needs network namespaces")
    try:
        ip("netns", "add", name)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"network namespaces are not permitted: {error.stderr}")
    try:
        ip("link", "add", "msnear", "type", "veth", "peer", "name", "msfar", "netns", name)
        ip("addr", "add", f"{NEAR}/30", "dev", "msnear")
        ip("link", "set", "msnear", "up")
        ip("-n", name, "addr", "add", f"{FAR}/30", "dev", "msfar")
        ip("-n", name, "link", "set", "msfar", "up")
        ip("-n", name, "link", "set", "lo", "up")
        yield ("ip", "netns", "exec", name), lambda: ip("-n", name, "link", "set", "msfar", "down")
    finally:
        ip("netns", "del", name)


def test_on_the_other_end_of_a_cable_that_is_pulled_out(tmp_path, far_away):
    inside, pull_out = far_away
    where = {"host": FAR, "inside": inside}
    with scheduler(tmp_path, **where) as (_, address), worker(address, tmp_path, **where):
        assert_noticed(tmp_path, pull_out, scheduler=address)
    assert_goes_on(tmp_path)
