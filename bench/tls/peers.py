"""What one more TLS server costs: us, a bare socket, sslyze, sslscan and nmap, over the same servers.

Each is a program over one server and over :data:`SERVERS`; the difference, a server, is what is compared. All take
turns, so that all see the same machine.
"""

import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from bench.table import Row, times
from bench.tls import floor
from bench.tls.fleet import PORT, Fleet, addresses, fleet, why_not
from bench.tls.spending import Spent, middle, spend

SERVERS, TURNS = 100, 3
_SECRECY, _VERDICTS, _SUITES = "secrecy", "verdicts", "suites"
_ASKED = {
    _SECRECY: "versions and forward secrecy",
    _VERDICTS: "all that a scan asks by default",
    _SUITES: "versions, every suite, preference, leaf certificate",
}
_PROGRAMS = ("sslscan", "nmap")
_AIMS = {_SECRECY: (">= 50x", ">= 10x"), _SUITES: (">= 20x", ">= 10x")}
"""How much cheaper than sslyze, and than the programs."""


def peers(env: Mapping[str, str], home: Path) -> list[Row]:
    """The rows about the marginal cost."""
    if reason := why_not():
        return [Row(what="TLS servers", measured="not measured", against=reason)]
    folder = home / "tls-peers"
    with fleet(folder, SERVERS) as servers:
        commands = dict(_commands(folder))
        for mode in _ASKED:
            spend(_ours(mode, SERVERS, str(folder / f"{mode}.json")), env, servers)
        turns = [{name: _marginal(pair, env, servers) for name, pair in commands.items()} for _ in range(TURNS)]
    spent = {name: middle([turn[name] for turn in turns]) for name in commands}
    return [*_rows(spent), *_missing()]


def _ours(mode: str, count: int, *keep: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "bench.tls.ours", mode, str(count), *keep)


def _commands(folder: Path) -> Iterator[tuple[str, tuple[tuple[str, ...], ...]]]:
    """By name: the command for one server and for all."""
    for mode in _ASKED:
        yield f"ours {mode}", tuple(_ours(mode, count) for count in (1, SERVERS))
        asked = str(folder / f"{mode}.json")
        yield f"floor {mode}", tuple((sys.executable, floor.__file__, asked, str(n)) for n in (1, SERVERS))
        if mode == _SECRECY:
            continue  # sslyze has no shorter way to forward secrecy than to offer all suites
        sslyze = (sys.executable, "-W", "ignore", "-m", "bench.tls.with_sslyze", mode)
        yield f"sslyze {mode}", tuple((*sslyze, str(count)) for count in (1, SERVERS))
    for name in _PROGRAMS:
        if shutil.which(name):
            yield name, tuple(_program(name, folder, count) for count in (1, SERVERS))


def _program(name: str, folder: Path, count: int) -> tuple[str, ...]:
    targets = folder / f"{name}-{count}.txt"
    port = f":{PORT}" if name == "sslscan" else ""
    targets.write_text("".join(f"{address}{port}\n" for address in addresses(count)))
    if name == "sslscan":
        return (name, f"--targets={targets}", f"--xml={folder / 'sslscan.xml'}")
    words = ("-n", "-Pn", f"-p{PORT}", "--script", "ssl-enum-ciphers", "-iL", str(targets))
    return (name, *words, "-oX", str(folder / "nmap.xml"))


def _marginal(pair: tuple[tuple[str, ...], ...], env: Mapping[str, str], servers: Fleet) -> Spent:
    one, many = (spend(command, env, servers) for command in pair)
    return many.beyond(one, SERVERS - 1)


def _rows(spent: Mapping[str, Spent]) -> Iterator[Row]:
    for mode, asked in _ASKED.items():
        ours = spent[f"ours {mode}"]
        yield Row(what=asked, measured=_cost(ours), against=_connections(ours))
        yield _against("bare sockets", ours, spent[f"floor {mode}"], "<= 2x", is_floor=True)
        than_sslyze, than_programs = _AIMS.get(mode, ("", ""))
        yield _against("sslyze", ours, spent[f"sslyze {_SUITES if mode == _SUITES else _VERDICTS}"], than_sslyze)
        yield from (_against(name, ours, spent[name], than_programs) for name in _PROGRAMS if name in spent)
    fewest = min((s.connections, name) for name, s in spent.items() if not name.startswith(("ours", "floor")))
    for mode in _ASKED:
        most = spent[f"ours {mode}"].connections
        yield Row(
            what=f"connections, {mode}",
            measured=f"{most:.1f}",
            against=f"{fewest[1]} {fewest[0]:.1f}",
            ratio=times(most, fewest[0]),
            target="<= 1x",
        )


def _against(name: str, ours: Spent, other: Spent, target: str, *, is_floor: bool = False) -> Row:
    pairs = ((ours.wall, other.wall), (ours.cpu, other.cpu))
    clock, cpu = (times(*pair) if is_floor else times(*reversed(pair)) for pair in pairs)
    return Row(
        what=f"  {'beyond' if is_floor else 'cheaper than'} {name}",
        measured=_cost(other),
        against=_connections(other),
        ratio=f"{clock} clock, {cpu} cpu",
        target=target,
    )


def _cost(spent: Spent) -> str:
    return f"{spent.wall * 1000:.1f} ms, cpu {spent.cpu * 1000:.1f} ms"


def _connections(spent: Spent) -> str:
    return f"{spent.connections:.1f} connections"


def _missing() -> list[Row]:
    return [
        Row(what=f"  {name}", measured="not measured", against=f"install {name}")
        for name in _PROGRAMS
        if not shutil.which(name)
    ]
