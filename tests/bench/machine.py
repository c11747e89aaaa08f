"""The machine and the programs that the figures were measured with. Nothing that names the machine or its user."""

import datetime
import os
import platform
import re
import subprocess
from pathlib import Path

from servers import CUBBYD, LINUX, ROOT


def first_line(*command):
    """What a program says; empty when it is not there or fails."""
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip().partition("\n")[0]


def processor():
    if LINUX:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
        return found[1] if found else platform.machine()
    return first_line("sysctl", "-n", "machdep.cpu.brand_string") or platform.machine()


def memory_gib():
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30


def redis_version():
    found = re.search(r"v=(\S+).*malloc=(\S+)", first_line("redis-server", "--version"))
    return f"redis-server {found[1]} ({found[2]})" if found else "redis-server of an unknown version"


def cubby_version():
    commit = first_line("git", "rev-parse", "--short", "HEAD")
    changed = first_line("git", "status", "--porcelain", "--untracked-files=no")
    version = first_line(CUBBYD, "--version") or "cubbyd"
    if not commit:
        return version
    return f"{version}, commit {commit}{' with changes' if changed else ''}"


def describe():
    """Pairs of a name and what is there."""
    return [
        ("date", datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d")),
        ("processor", f"{processor()}, {os.cpu_count()} cores"),
        ("memory", f"{memory_gib():.1f} GiB"),
        ("system", f"{platform.system()} {platform.release()}, {platform.machine()}"),
        ("Redis", redis_version()),
        ("cubby", cubby_version()),
        ("load", first_line("redis-benchmark", "--version")),
    ]
