"""The connection to the scheduler falls silent: nobody closes it, but nothing comes through any more."""

import shutil
import socket
import sys
import threading
from contextlib import suppress

import pytest
from distributed import Client
from faults import _cable
from faults._processes import scheduler, started, worker
from faults._traced import assert_goes_on
from namespaces import in_own_namespace

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


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


def test_behind_a_proxy_that_swallows_everything(tmp_path):
    with scheduler(tmp_path) as (_, address), worker(address, tmp_path):
        proxy = Proxy(address)
        try:
            with Client(proxy.address, timeout=5):
                _cable.assert_noticed(tmp_path, proxy.cut)
        finally:
            proxy.close()
    assert_goes_on(tmp_path)


def test_on_the_other_end_of_a_cable_that_is_pulled_out(tmp_path):
    if shutil.which("ip") is None:
        pytest.skip("needs net namespaces")
    command = [*in_own_namespace("net"), sys.executable, _cable.__file__, tmp_path]
    with started(*command, folder=tmp_path) as process:
        assert process.wait(timeout=300) == 0, (tmp_path / "said.txt").read_text()
