"""ProFTPD (proftpd.conf: its "Directives" and the howto of mod_tls): directives, sections, includes."""

from collections.abc import Iterator

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts import FtpPolicy, TlsEndpoint
from iotscan.observe.heard import Configured
from iotscan.observe.image.configuration import tls
from iotscan.observe.image.configuration.configured import Configuration, NotThere
from iotscan.observe.image.configuration.places import Reading, faces_network
from iotscan.observe.image.globbing import globbed
from iotscan.observe.image.startup.command import split
from iotscan.observe.image.startup.service import Service
from iotscan.observe.image.tree import Tree

_FILES = ("/etc/proftpd/proftpd.conf", "/etc/proftpd.conf")
_DEPTH = 8
_ON = ("on", "yes", "true", "1")
_PROTOCOLS = {"sslv3": "SSLv3", "tlsv1": "TLSv1.0", "tlsv1.1": "TLSv1.1", "tlsv1.2": "TLSv1.2", "tlsv1.3": "TLSv1.3"}
_GROUPING = ("ifmodule", "global", "ifdefine", "ifversion")
"""Sections that hold for the server itself."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One directive; ``within`` are the sections around it, but those that only ask for a module."""

    key: str
    words: tuple[str, ...]
    within: tuple[str, ...]
    path: str
    line: int


def read(tree: Tree, service: Service) -> Iterator[Configured]:
    """The policy of the main server, and where TLS is on, its endpoint. Raises Unreadable."""
    words = service.arguments
    given = [words[n + 1] for n, word in enumerate(words[:-1]) if word in ("-c", "--config")]
    path = next((p for p in (*given, *_FILES) if tree.find(p) is not None), "")
    if not path:
        raise NotThere("proftpd is started, and its configuration is not in the image")
    lines = list(_lines(Reading(tree), path, (), 0))
    port = _word(lines, "port") or "21"
    addresses = [word for line in _of_server(lines) if line.key == "defaultaddress" for word in line.words]
    if port == "0" or (addresses and not any(faces_network(address) for address in addresses)):
        return
    policy, engine = _policy(lines), _line(lines, "tlsengine")
    anonymous = next((line for line in lines if line.key == "<anonymous"), None)
    where = f"tcp/{int(port) if port.isdecimal() and int(port) < 65536 else 21}"
    place = anonymous or engine or (lines[0] if lines else Line(key="", words=(), within=(), path=path, line=0))
    yield Configured(fact=policy, path=place.path, line=place.line, service=where)
    if engine is not None and policy.tls.known != "none":
        yield Configured(fact=_endpoint(lines), path=engine.path, line=engine.line, service=where)


def _lines(reading: Reading, path: str, within: tuple[str, ...], depth: int) -> Iterator[Line]:
    here = list(within)
    for number, raw in enumerate(reading.lines(path), start=1):
        text = raw.strip()
        words = [] if text.startswith("#") else split(text.rstrip(">"))
        if not words:
            continue
        key = words[0].lower()
        if key.startswith("</"):
            name = key[2:]
            if here and here[-1] == name:
                here.pop()
            continue
        line = Line(key=key, words=tuple(words[1:]), within=tuple(here), path=path, line=number)
        if key == "include" and len(words) > 1 and depth < _DEPTH:
            for name in _included(reading.tree, words[1]):
                yield from _lines(reading, name, tuple(here), depth + 1)
            continue
        if key.startswith("<") and key[1:] not in _GROUPING:
            here.append(key[1:])
        yield line


def _included(tree: Tree, pattern: str) -> Iterator[str]:
    """A file, a pattern, or every file of a folder."""
    found = tree.find(pattern.rstrip("/"))
    return globbed(tree, f"{pattern.rstrip('/')}/*" if found is not None and found.kind == "folder" else pattern)


def _of_server(lines: list[Line]) -> Iterator[Line]:
    return (line for line in lines if not line.within)


def _line(lines: list[Line], key: str) -> Line | None:
    return next((line for line in reversed(list(_of_server(lines))) if line.key == key), None)


def _word(lines: list[Line], key: str) -> str:
    line = _line(lines, key)
    return line.words[0] if line is not None and line.words else ""


def _policy(lines: list[Line]) -> FtpPolicy:
    anonymous = any(line.key == "<anonymous" for line in lines)
    inside = [line for line in lines if "anonymous" in line.within]
    # Without a word against it an account may write where the file system lets it.
    limits = any(line.key == "<limit" and "WRITE" in map(str.upper, line.words) for line in inside)
    denied = limits and any(line.key == "denyall" and line.within[-1:] == ("limit",) for line in inside)
    is_on = _word(lines, "tlsengine").lower() in _ON
    demanded = _word(lines, "tlsrequired").lower() in (*_ON, "ctrl", "auth", "auth+data")
    return FtpPolicy(
        anonymous=Answer.of(anonymous),
        anonymous_writes=Answer.of(anonymous and not denied),
        tls=Answer.of("none" if not is_on else "demanded" if demanded else "offered"),
    )


def _endpoint(lines: list[Line]) -> TlsEndpoint:
    """``TLSProtocol`` with names settles the versions; ``SSLv23``, ``ALL`` and no line depend on the library."""
    line = _line(lines, "tlsprotocol")
    named = [_PROTOCOLS.get(word.lower(), "") for word in line.words] if line is not None else []
    known = bool(named) and all(named)
    versions = tls.only(*named) if known else tls.unknown_versions("which TLS versions it takes")
    return tls.endpoint(versions, opening="ftp")


CONFIGURATION = Configuration(
    name="proftpd", version=1, programs=("proftpd",), gives=(FtpPolicy, TlsEndpoint), read=read
)
