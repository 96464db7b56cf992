"""What one more SSH server costs: us, and ssh-audit in its two ways, over the same servers.

Each is a program over one server and over :data:`SERVERS`; the difference, a server, is what is compared. All take
turns, so that all see the same machine. The processor time is that of the programs alone, without the servers'; on one
machine the clock is the servers' as well.

``-T`` is the best case of ssh-audit, and not all that it does for one server: its threads share their tables, and of
twenty servers half of the fingerprints are missing (2.5.0). Newer ones also try how many connections a server takes,
which is no part of an assessment: that is left out.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from bench.ssh.fleet import PORT, Fleet, addresses, fleet, why_not
from bench.table import Row, times
from bench.tls.spending import Spent, middle, spend

SERVERS, TURNS = 100, 3
_ASKED, _JUDGED = "all that a scan asks", "the same, judged by the SSH checks"
_SHELL = 'file="$1"; shift; while read -r target; do ssh-audit -n "$@" "$target"; done < "$file"; true'


def ssh_peers(env: Mapping[str, str], home: Path) -> list[Row]:
    """The rows about the marginal cost."""
    reason = why_not() or ("" if shutil.which("ssh-audit") else "install ssh-audit")
    if reason:
        return [Row(what="SSH servers", measured="not measured", against=reason)]
    folder = home / "ssh-peers"
    with fleet(folder, SERVERS) as servers:
        commands = _commands(folder)
        turns = [{name: _marginal(pair, env, servers) for name, pair in commands.items()} for _ in range(TURNS)]
    spent = {name: middle([turn[name] for turn in turns]) for name in commands}
    modes = {_ASKED: spent.pop("asked"), _JUDGED: spent.pop("judged")}
    return [row for what, ours in modes.items() for row in _rows(what, ours, spent)]


def _rows(what: str, ours: Spent, others: Mapping[str, Spent]) -> Iterator[Row]:
    yield Row(what=what, measured=_cost(ours), against=_connections(ours))
    yield from (_against(name, ours, other) for name, other in others.items())


def _commands(folder: Path) -> dict[str, tuple[tuple[str, ...], ...]]:
    """By name: the command for one server and for all."""
    files = []
    for count in (1, SERVERS):
        files.append(str(folder / f"targets-{count}"))
        Path(files[-1]).write_text("".join(f"{address}:{PORT}\n" for address in addresses(count)))
    spared = _spared()
    return {
        **{
            mode: tuple((sys.executable, "-m", "bench.ssh.ours", mode, str(count)) for count in (1, SERVERS))
            for mode in ("asked", "judged")
        },
        "ssh-audit -T --threads 32": tuple(
            ("ssh-audit", "-n", *spared, "-T", file, "--threads", "32") for file in files
        ),
        "ssh-audit, a process each": tuple(("sh", "-c", _SHELL, "sh", file, *spared) for file in files),
    }


def _spared() -> tuple[str, ...]:
    """The option that leaves out the flood of connections, where this version knows it."""
    told = subprocess.run(("ssh-audit", "--help"), capture_output=True, text=True, check=False).stdout
    return tuple(word for word in ("--skip-rate-test",) if word in told)


def _marginal(pair: tuple[tuple[str, ...], ...], env: Mapping[str, str], servers: Fleet) -> Spent:
    # ssh-audit ends with 1 to 3 for what it found.
    one, many = (spend(command, env, servers, may_end=(0,) if "-m" in command else (0, 1, 2, 3)) for command in pair)
    return many.beyond(one, SERVERS - 1)


def _against(name: str, ours: Spent, other: Spent) -> Row:
    return Row(
        what=f"  cheaper than {name}",
        measured=_cost(other),
        against=_connections(other),
        ratio=f"{times(other.wall, ours.wall)} clock, {times(other.cpu, ours.cpu)} cpu",
        target=">= 10x",
    )


def _cost(spent: Spent) -> str:
    return f"{spent.wall * 1000:.1f} ms, cpu {spent.cpu * 1000:.1f} ms"


def _connections(spent: Spent) -> str:
    return f"{spent.connections:.1f} connections"
