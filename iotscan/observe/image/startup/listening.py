"""The ports a started service opens: from socket units and inetd, from its arguments, else as its manual says."""

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from iotscan.model.answer import Answer
from iotscan.model.facts import Listener
from iotscan.model.vocabulary import Reason
from iotscan.observe.image.startup.programs import default_port, is_local
from iotscan.observe.image.startup.service import Service
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable

_EVERYWHERE = ("", "*", "0.0.0.0", "::", "[::]")
_LONG = ("--port", "--listen", "--listen-address", "--bind", "--http-port", "--https-port", "--listen-port")
_SHORT = {"uhttpd": ("-p", "-s"), "snmpd": (), "ntpd": (), "dnsmasq": (), "named": (), "charon": (), "rpcbind": ()}
_PLACE = re.compile(r"(?:\[?([0-9A-Za-z.:*-]*?)\]?:)?(\d{1,5})")
_PRIVATE = ("PrivateNetwork=yes", "PrivateNetwork=true", "PrivateNetwork=on", "PrivateNetwork=1")
_PROGRAM_LIMIT = 4 << 20
_LOADER = re.compile(rb"/ld[-.\w]*\.so")
_LIBRARY = re.compile(rb"\0(lib[\w.+-]+\.so[.\d]*)(?=\0)")
_QUIET = (
    *(b"libc.", b"libm.", b"libdl.", b"librt.", b"libpthread.", b"libgcc_s.", b"libstdc++.", b"libz.", b"libcrypt."),
    *(b"libcap.", b"libcap-ng.", b"libudev.", b"libselinux.", b"libuuid.", b"libblkid.", b"libmount.", b"libkmod."),
    *(b"libssl.", b"libcrypto.", b"libsystemd.", b"libpcre", b"libzstd.", b"liblzma.", b"libgpiod.", b"libresolv."),
)
"""Libraries that open no port for a program that does not ask for it by bind(2) itself."""
_NOT_TOLD: Answer[bool] = Answer.missing(Reason.NOT_OBSERVABLE, "nothing in the image says whether it opens a port")


def listeners_of(service: Service) -> tuple[Listener, ...]:
    """Every port, once; one ``default`` where nothing says more and the program is known."""
    if service.sockets:
        return tuple(dict.fromkeys(service.sockets))
    default = default_port(service.program)
    transport = default[0] if default else "tcp"
    said = tuple(dict.fromkeys(_in_arguments(service, "udp" if transport == "udp" else "tcp")))
    if said or default is None:
        return said
    return (Listener(transport="udp" if transport == "udp" else "tcp", port=default[1], source="default"),)


def faces_network(service: Service, tree: Tree) -> Answer[bool]:
    """Whether others on the network reach it; unanswered for a program of which nothing is known."""
    if any(word in service.sandbox for word in _PRIVATE):
        return Answer.of(False)
    listeners = listeners_of(service)
    if listeners:
        return Answer.of(any(listener.faces_network for listener in listeners))
    if service.runs_once or (service.program and is_local(service.program)):
        return Answer.of(False)
    return Answer.of(False) if cannot_listen(tree, service.program) else _NOT_TOLD


def cannot_listen(tree: Tree, program: str) -> bool:
    """True for a dynamically linked program that does not import bind(2), nor a library that might call it."""
    try:
        entry = tree.find(program) if program.startswith("/") else None
        if entry is None or entry.kind != "file" or not 0 < entry.size <= _PROGRAM_LIMIT:
            return False
        data = tree.read(program, _PROGRAM_LIMIT)
    except Unreadable:
        return False
    # A static program holds no names of what it calls, a script calls whatever it likes.
    if not data.startswith(b"\x7fELF") or not _LOADER.search(data, 0, 4096) or b"\0bind\0" in data:
        return False
    return all(library.startswith(_QUIET) for library in _LIBRARY.findall(data))


def _in_arguments(service: Service, transport: Literal["tcp", "udp"]) -> Iterator[Listener]:
    known = default_port(service.program) is not None
    short = _SHORT.get(service.called, ("-p",)) if known else ()
    for text in _values(service.arguments, (*_LONG, *short), short):
        found = _PLACE.fullmatch(text)
        if found and 0 < int(found[2]) < 65536:
            address = found[1] or ""
            yield Listener(
                transport=transport,
                port=int(found[2]),
                address="" if address in _EVERYWHERE else address[:64],
                source="argument",
            )


def _values(words: Sequence[str], options: Sequence[str], short: Sequence[str]) -> Iterator[str]:
    """The values of options: ``-p 22``, ``-p22``, ``--port=22``."""
    for place, word in enumerate(words):
        name, has_value, value = word.partition("=")
        if has_value and name in options:
            yield value
        elif word in options and place + 1 < len(words):
            yield words[place + 1]
        else:
            yield from (word[2:] for option in short if word.startswith(option) and len(word) > 2)
