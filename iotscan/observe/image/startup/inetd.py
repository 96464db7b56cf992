"""inetd and xinetd: services that start with the first connection (inetd.conf(5), xinetd.conf(5))."""

import re
from collections.abc import Iterable, Iterator

from iotscan.model.facts.startup import Listener
from iotscan.observe.image.startup.command import split
from iotscan.observe.image.startup.scripts import found_in, joined_lines, read_text
from iotscan.observe.image.startup.service import Service
from iotscan.observe.image.tree import Tree

INETD = ("inetd", "openbsd-inetd", "inetutils-inetd", "rlinetd")
_PORTS = {"telnet": 23, "ftp": 21, "tftp": 69, "ssh": 22, "http": 80, "finger": 79, "shell": 514, "login": 513}
_PORTS |= {"exec": 512, "rsync": 873, "snmp": 161, "echo": 7, "discard": 9, "chargen": 19, "daytime": 13, "time": 37}


def read(tree: Tree, services: Iterable[Service]) -> Iterator[Service]:
    """What the super-servers among the started services would start. Raises Unreadable."""
    running = list(services)
    for inetd in [s for s in running if s.called in INETD][:1]:
        # Without a name for the file, the daemons read this one.
        named = [word for word in inetd.arguments if word.startswith("/")]
        yield from _inetd(tree, named[-1] if named else "/etc/inetd.conf", inetd)
    for xinetd in [s for s in running if s.called == "xinetd"][:1]:
        yield from _xinetd(tree, xinetd)


def _inetd(tree: Tree, path: str, by: Service) -> Iterator[Service]:
    for number, line in joined_lines(read_text(tree, path)):
        words = split(line)
        if len(words) < 6 or words[5] == "internal" or not words[2].startswith(("tcp", "udp")):
            continue
        address, _, service = words[0].rpartition(":")
        program, arguments = words[5], words[7:]
        if program.endswith("/tcpd") and len(words) > 6:
            program = found_in(tree, words[6]) or words[6]
        yield Service(
            name=service,
            path=path,
            line=number,
            started_by="inetd",
            enabled_by=by.name,
            program=found_in(tree, program) or program,
            arguments=tuple(arguments),
            user=re.split(r"[.:/]", words[4])[0],
            sockets=_listeners(tree, service, words[2], "" if address in ("", "*") else address),
        )


def _xinetd(tree: Tree, by: Service) -> Iterator[Service]:
    paths = ["/etc/xinetd.conf", *(e.path for e in tree.children("/etc/xinetd.d") if not e.name.startswith("."))]
    for path in paths:
        text = read_text(tree, path)
        for block in re.finditer(r"^[ \t]*service[ \t]+(\S+)\s*\{([^}]*)\}", text, re.M):
            told = {k: v.strip() for k, v in re.findall(r"^[ \t]*(\w+)[ \t]*[-+]?=(.*)$", block[2], re.M)}
            if told.get("disable", "no").lower() == "yes" or "INTERNAL" in told.get("type", ""):
                continue
            program = told.get("server", "")
            service = told.get("port") or block[1]
            yield Service(
                name=block[1],
                path=path,
                line=text.count("\n", 0, block.start(1)) + 1,
                started_by="xinetd",
                enabled_by=by.name,
                program=found_in(tree, program) or program,
                arguments=tuple(split(told.get("server_args", ""))),
                user=told.get("user", "root"),
                sockets=_listeners(tree, service, told.get("protocol", "tcp"), told.get("bind", "")),
            )


def _listeners(tree: Tree, service: str, protocol: str, address: str) -> tuple[Listener, ...]:
    transport = "udp" if protocol.startswith("udp") else "tcp"
    port = int(service) if service.isdecimal() else _PORTS.get(service, 0) or _named(tree, service, transport)
    if not 0 < port < 65536:
        return ()
    return (Listener(transport="udp" if transport == "udp" else "tcp", port=port, address=address, source="inetd"),)


def _named(tree: Tree, service: str, transport: str) -> int:
    """services(5)."""
    for line in read_text(tree, "/etc/services").splitlines():
        words = line.partition("#")[0].split()
        if len(words) >= 2 and service in (words[0], *words[2:]) and words[1].endswith(f"/{transport}"):
            return int(words[1].partition("/")[0]) if words[1].partition("/")[0].isdecimal() else 0
    return 0
