"""Linux namespaces, in which a test has disks, networks and rights of its own that nobody else sees."""

import ctypes
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import pytest

_OPTIONS = {"mnt": "--mount", "net": "--net"}


@cache
def may_have(kind):
    """Say whether this user may make a namespace of a kind, "mnt" or "net"."""
    return shutil.which("unshare") is not None and not subprocess.call(
        [*_unshare(kind), "true"], stderr=subprocess.DEVNULL
    )


def in_own_namespace(kind):
    """Return what a command has to begin with to run in a new namespace, as the root of it; skip if there is none."""
    if not may_have(kind):
        pytest.skip(f"needs {kind} namespaces")
    return _unshare(kind)


def _unshare(kind):
    return ["unshare", "--map-root-user", _OPTIONS[kind]]


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Rights(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


_VERSION_3, _WORDS = 0x20080522, 2
_READS_AND_WRITES_ANYTHING = 1 << 1 | 1 << 2  # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH


def as_anybody(work):
    """Do some work in a thread for which permissions of files hold, although it may be root's; return what it returns.

    The rights are the thread's, and it cannot have them back: what would only be laid aside counts for os.access.
    """

    def without_rights():
        libc = ctypes.CDLL(None, use_errno=True)
        header, rights = _Header(_VERSION_3, 0), (_Rights * _WORDS)()
        for function in (libc.capget, libc.capset):
            if function(ctypes.byref(header), rights):
                raise OSError(ctypes.get_errno(), "the rights of this thread can neither be read nor changed")
            rights[0].effective &= ~_READS_AND_WRITES_ANYTHING
            rights[0].permitted &= ~_READS_AND_WRITES_ANYTHING
        return work()

    if os.geteuid() != 0:
        return work()
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(without_rights).result()
