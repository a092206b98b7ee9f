"""A search whose scheduler is at the other end of a cable that is pulled out, as a script: ``_cable.py FOLDER``.

It has to be started in a network namespace of its own, as the root of it: there its addresses are in nobody's way.
"""

import subprocess
import sys
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from faults._processes import scheduler, worker
from faults._signals import meanwhile, wait_for
from faults._traced import X, assert_goes_on, held_fit_is_over, is_well_under_way, search_in, set_pace, y

NEAR, FAR = "198.18.77.1", "198.18.77.2"


def assert_noticed(folder, cut, **arguments):
    """Check that the search ends although nobody has closed the connection, and before the fit that it waits for."""
    set_pace(folder, 0.02, hold_after=57)

    def cut_in_the_midst():
        wait_for(lambda: is_well_under_way(folder))
        cut()

    with meanwhile(cut_in_the_midst):
        try:
            search_in(folder, **arguments).fit(X, y)
        except ConnectionError as error:
            assert "scheduler" in str(error)  # noqa: PT017 - the script runs without pytest
        else:
            raise AssertionError("nobody has noticed")
    assert not held_fit_is_over(folder)


def ip(*arguments, before=()):
    subprocess.run([*before, "ip", *arguments], check=True)


@contextmanager
def far_end():
    """Yield what a command has to begin with to run on the other end of a cable, and how to pull it out."""
    with subprocess.Popen(["unshare", "--net", "sleep", "infinity"]) as holder:
        try:
            here = Path("/proc/self/ns/net").readlink()
            wait_for(lambda: Path(f"/proc/{holder.pid}/ns/net").readlink() != here)
            there = ("nsenter", "--target", str(holder.pid), "--net")
            ip("link", "set", "lo", "up")
            ip("link", "add", "near", "type", "veth", "peer", "name", "far")
            ip("link", "set", "far", "netns", str(holder.pid))
            for name, address, before in (("near", NEAR, ()), ("far", FAR, there)):
                ip("addr", "add", f"{address}/30", "dev", name, before=before)
                ip("link", "set", name, "up", before=before)
            ip("link", "set", "lo", "up", before=there)
            yield there, partial(ip, "link", "set", "far", "down", before=there)
        finally:
            holder.kill()


def main():
    folder = Path(sys.argv[1])
    with far_end() as (inside, pull_out):
        where = {"host": FAR, "inside": inside}
        with scheduler(folder, **where) as (_, address), worker(address, folder, **where):
            assert_noticed(folder, pull_out, scheduler=address)
    assert_goes_on(folder)  # here, since pytest makes errors of warnings, which keys of a journal tell


if __name__ == "__main__":
    main()
