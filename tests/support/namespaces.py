"""Network namespaces of this process: made, filtered and removed, never those of anybody else.

They are named after this process; those of dead runs are removed at the next start. Needs root, ip and nft.
"""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

PREFIX: Final = "esclan"
_OURS: Final = re.compile(rf"{PREFIX}(\d+)n\d+-[a-z0-9]+")
_TABLE: Final = "/proc/sys/net/{family}/neigh/default/gc_thresh{number}"


class LanUnavailable(RuntimeError):
    """This machine cannot make namespaces; the text says why."""


def why_unavailable() -> str | None:
    """Why no LAN can be made here, or None where one can."""
    for tool in ("ip", "nft", "unshare"):
        if shutil.which(tool) is None:
            return f"the tool {tool} is not installed"
    if os.geteuid() != 0:
        return "network namespaces need root"
    probe = f"{PREFIX}{os.getpid()}n0-probe"
    made = subprocess.run(["ip", "netns", "add", probe], capture_output=True, text=True, check=False)
    if made.returncode:
        return f"no network namespace can be made: {made.stderr.strip()}"
    try:
        ip("-n", probe, "link", "add", "br0", "type", "bridge")
        load_filter(probe, ["numgen random mod 100 < 1 drop"])
    except LanUnavailable as error:
        return f"no bridge with a filter can be made: {error}"
    finally:
        remove(probe)
    return None


def ip(*argv: str) -> str:
    """Run `ip`; its output. LanUnavailable where it refuses."""
    done = subprocess.run(["ip", *argv], capture_output=True, text=True, check=False)
    if done.returncode:
        raise LanUnavailable(f"ip {' '.join(argv)}: {done.stderr.strip()}")
    return done.stdout


def load_filter(netns: str, rules: Sequence[str]) -> None:
    """Put these rules, and no others, between the bridges' ports."""
    table = ["flush ruleset", "table bridge wire {", "chain forward {"]
    table += ["type filter hook forward priority 0; policy accept;", *rules, "}", "}"]
    argv = ["ip", "netns", "exec", netns, "nft", "-f", "-"]
    done = subprocess.run(argv, input="\n".join(table) + "\n", capture_output=True, text=True, check=False)
    if done.returncode:
        raise LanUnavailable(f"nft: {done.stderr.strip()}")


def no_ipv6(netns: str) -> None:
    """No interface of the namespace has an IPv6 address, loopback neither."""
    switch = "echo 1 | tee /proc/sys/net/ipv6/conf/all/disable_ipv6 /proc/sys/net/ipv6/conf/default/disable_ipv6"
    subprocess.run(["ip", "netns", "exec", netns, "sh", "-c", switch], check=True, capture_output=True)


def processes_in(netns: str) -> list[int]:
    """Every process that lives in the namespace, but this one."""
    listed = subprocess.run(["ip", "netns", "pids", netns], capture_output=True, text=True, check=False)
    return [int(word) for word in listed.stdout.split() if int(word) != os.getpid()]


def remove(netns: str) -> None:
    """End every process in the namespace, by its id, then remove it."""
    for _ in range(20):
        pids = processes_in(netns)
        if not pids:
            break
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(0.02)
    subprocess.run(["ip", "netns", "delete", netns], capture_output=True, check=False)


def namespaces_of_this_run() -> list[str]:
    """The namespaces that this process has made and not removed."""
    found = [_OURS.match(line) for line in ip("netns", "list").splitlines()]
    return [each[0] for each in found if each and int(each[1]) == os.getpid()]


def reap_dead_runs() -> None:
    """Remove the namespaces of runs whose process is gone."""
    for line in ip("netns", "list").splitlines():
        match = _OURS.match(line)
        if match and not Path(f"/proc/{match[1]}").exists():
            remove(match[0])


def widen_neighbour_table(entries: int) -> None:
    """The kernel's table of neighbours, which all namespaces share, shall hold so many; it is never narrowed."""
    for family in ("ipv4", "ipv6"):
        for number, wanted in ((3, entries * 2), (2, entries), (1, entries)):
            limit = Path(_TABLE.format(family=family, number=number))
            try:
                if int(limit.read_text()) < wanted:
                    limit.write_text(str(wanted))
            except OSError as error:
                raise LanUnavailable(f"the neighbour table is too small for this LAN: {error}") from error
