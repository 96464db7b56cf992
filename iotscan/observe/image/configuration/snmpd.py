"""net-snmp's agent: who reads and writes by which community (snmpd.conf(5), snmpd(8)).

Version 3 alone gives no fact: nothing is in the clear then.
"""

from collections.abc import Iterator

import msgspec

from iotscan.model.facts import SnmpAgent
from iotscan.observe.heard import Configured
from iotscan.observe.image.configuration.configured import Configuration, NotThere
from iotscan.observe.image.configuration.places import Reading, faces_network, split_place
from iotscan.observe.image.globbing import globbed
from iotscan.observe.image.startup.command import split
from iotscan.observe.image.startup.service import Service
from iotscan.observe.image.tree import Tree

_FILES = ("/etc/snmp/snmpd.conf", "/usr/share/snmp/snmpd.conf", "/etc/snmp/snmpd.local.conf", "/etc/snmpd.conf")
_DEPTH = 8
_DIRECT = {"rocommunity": False, "rocommunity6": False, "rwcommunity": True, "rwcommunity6": True}
_ANYWHERE = ("", "default", "0.0.0.0", "0.0.0.0/0", "::/0", "::")
_TAKES = ("-c", "-p", "-u", "-g", "-I", "-m", "-M", "-D", "-x", "-n")


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One directive and where it stands."""

    words: tuple[str, ...]
    path: str
    line: int


class Community(msgspec.Struct, frozen=True, kw_only=True):
    """A community, who may use it, and where it is given."""

    name: str
    source: str
    writable: bool
    line: Line


def read(tree: Tree, service: Service) -> Iterator[Configured]:
    """One agent for each port and each community that others can use. Raises Unreadable."""
    lines = list(_lines(tree, service))
    found = [c for c in _communities(lines) if faces_network(c.source.partition("/")[0])]
    for port in dict.fromkeys(_ports(service, lines)):
        for community in found:
            yield Configured(
                fact=SnmpAgent(
                    version="2c",
                    description="",
                    community="public" if community.name == "public" else "other",
                    writable=community.writable,
                    limited_to=community.source if community.source not in _ANYWHERE else "",
                ),
                path=community.line.path,
                line=community.line.line,
                service=f"udp/{port}",
            )


def _lines(tree: Tree, service: Service) -> Iterator[Line]:
    words = service.arguments
    named = [words[n + 1] for n, word in enumerate(words[:-1]) if word == "-c"]
    files = [path for name in named for path in name.split(",")]
    reading = Reading(tree)
    paths = [path for path in (*([] if "-C" in words else _FILES), *files) if tree.find(path) is not None]
    if not paths:
        raise NotThere("snmpd is started, and none of the files that it reads is in the image")
    for path in paths:
        yield from _file(reading, path, 0)


def _file(reading: Reading, path: str, depth: int) -> Iterator[Line]:
    for number, raw in enumerate(reading.lines(path), start=1):
        line = raw.strip()
        words = [] if line.startswith("#") else split(line.partition(" #")[0])
        if not words:
            continue
        if words[0].lower() == "includedir" and len(words) > 1 and depth < _DEPTH:
            for name in globbed(reading.tree, f"{words[1].rstrip('/')}/*.conf"):
                yield from _file(reading, name, depth + 1)
        else:
            yield Line(words=(words[0].lower(), *words[1:]), path=path, line=number)


def _communities(lines: list[Line]) -> Iterator[Community]:
    for line in lines:
        key, *words = line.words
        if key in _DIRECT and words:
            source = words[1] if len(words) > 1 and not words[1].startswith("-") else ""
            yield Community(name=words[0], source=source, writable=_DIRECT[key], line=line)
        if key in ("com2sec", "com2sec6"):
            words = words[2:] if words[:1] == ["-Cn"] else words
            if len(words) >= 3:
                rights = _rights(lines, words[0])
                if rights is not None:
                    yield Community(name=words[2], source=words[1], writable=rights, line=line)


def _rights(lines: list[Line], name: str) -> bool | None:
    """Whether a security name may write; None where no ``group`` and ``access`` give it anything."""
    groups = {
        line.words[1]
        for line in lines
        if line.words[0] == "group"
        and len(line.words) >= 4
        and line.words[3] == name
        and line.words[2] in ("v1", "v2c")
    }
    # access GROUP CONTEXT MODEL LEVEL PREFIX READ WRITE NOTIFY
    rows = [line.words for line in lines if line.words[0] == "access" and len(line.words) >= 8]
    rights = [row for row in rows if row[1] in groups and row[3] in ("any", "v1", "v2c")]
    readable = [row for row in rights if row[6] != "none" or row[7] != "none"]
    return any(row[7] != "none" for row in readable) if readable else None


def _ports(service: Service, lines: list[Line]) -> Iterator[int]:
    """The UDP ports that others can reach: of the arguments, else of ``agentaddress``, else 161."""
    given = list(_given(service.arguments))
    told = [
        place for line in lines if line.words[0] == "agentaddress" for w in line.words[1:] for place in w.split(",")
    ]
    for place in given or told or ["udp:161"]:
        transport, _, rest = place.partition(":")
        if transport.lower() in ("udp", "udp6"):
            place = rest
        elif transport.lower() in ("tcp", "tcp6", "unix", "ssh", "dtlsudp", "tlstcp", "dtlsudp6", "tlstcp6"):
            continue
        address, port = ("", int(place)) if place.isdecimal() else split_place(place)
        if faces_network(address) and port < 65536:
            yield port or 161


def _given(words: tuple[str, ...]) -> Iterator[str]:
    is_value = False
    for word in words:
        if not is_value and not word.startswith("-"):
            yield from word.split(",")
        is_value = word in _TAKES


CONFIGURATION = Configuration(name="snmpd", version=1, programs=("snmpd",), gives=(SnmpAgent,), read=read)
