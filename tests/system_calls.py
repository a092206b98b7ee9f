"""What a process asks its system for, where somebody may look on."""

import shutil
import subprocess
from functools import cache


@cache
def may_be_seen():
    """Say whether there is strace here, and whether it may be used."""
    if shutil.which("strace") is None:
        return False
    return subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, check=False).returncode == 0
