"""The ports a started service opens: from socket units and inetd, from its arguments, else as its manual says."""

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from iotscan.model.answer import Answer
from iotscan.model.facts import Listener
from iotscan.model.vocabulary import Reason
from iotscan.observe.image.startup.programs import default_port, is_local
from iotscan.observe.image.startup.service import Service

_EVERYWHERE = ("", "*", "0.0.0.0", "::", "[::]")
_LONG = ("--port", "--listen", "--listen-address", "--bind", "--http-port", "--https-port", "--listen-port")
_SHORT = {"uhttpd": ("-p", "-s"), "snmpd": (), "ntpd": (), "dnsmasq": (), "named": (), "charon": (), "rpcbind": ()}
_PLACE = re.compile(r"(?:\[?([0-9A-Za-z.:*-]*?)\]?:)?(\d{1,5})")
_PRIVATE = ("PrivateNetwork=yes", "PrivateNetwork=true", "PrivateNetwork=on", "PrivateNetwork=1")
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


def faces_network(service: Service) -> Answer[bool]:
    """Whether others on the network reach it; unanswered for a program of which nothing is known."""
    if any(word in service.sandbox for word in _PRIVATE):
        return Answer.of(False)
    listeners = listeners_of(service)
    if listeners:
        return Answer.of(any(listener.faces_network for listener in listeners))
    if service.runs_once or (service.program and is_local(service.program)):
        return Answer.of(False)
    return _NOT_TOLD


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
