"""Dropbear, which has no file of its own: its arguments say all (dropbear(8)); on OpenWrt UCI makes them."""

import re
from collections.abc import Iterator

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts import SshPolicy, SshServer, SshSetting
from iotscan.observe.heard import Configured
from iotscan.observe.image.configuration.configured import Configuration
from iotscan.observe.image.configuration.places import faces_network, split_place
from iotscan.observe.image.configuration.ssh_keys import DROPBEAR_FILES, host_keys_in
from iotscan.observe.image.configuration.uci import Section, read_sections
from iotscan.observe.image.configuration.version import in_program, packaged
from iotscan.observe.image.startup.service import Service
from iotscan.observe.image.tree import Tree

_UCI = "/etc/config/dropbear"
_TAKE = frozenset("bdrpPIKWcDGT")
"""Options that take a word."""


def read(tree: Tree, service: Service) -> Iterator[Configured]:
    """One server and one policy for each port that others can reach. Raises Unreadable."""
    version = in_program(tree, service.program, rb"dropbear_(\d{4}\.\d+|\d\.\d+)") or packaged(tree, "dropbear")
    server = SshServer(
        protocol="2.0",
        software=f"dropbear_{'.'.join(map(str, version))}" if version else "dropbear",
        host_keys=host_keys_in(tree, _options(service.arguments)[1].get("r") or DROPBEAR_FILES),
        unsaid=("kex", "host key algorithms", "ciphers", "macs", "strict kex"),
    )
    sections = [s for s in read_sections(tree, _UCI) if s.kind == "dropbear"] if service.started_by == "procd" else []
    for path, line, ports, policy in _of_uci(tree, sections) if sections else _of_arguments(tree, service):
        for port in dict.fromkeys(ports):
            methods = ("publickey",) if policy.passwords.value.value == "no" else ("publickey", "password")
            for fact in (msgspec.structs.replace(server, login_methods=Answer.of(methods)), policy):
                yield Configured(fact=fact, path=path, line=line, service=f"tcp/{port}")


Found = Iterator[tuple[str, int, list[int], SshPolicy]]


def _of_uci(tree: Tree, sections: list[Section]) -> Found:
    """/etc/config/dropbear (OpenWrt documentation, "Dropbear configuration")."""
    for section in sections:
        if section.says("enable", default=True):
            policy = _policy(
                tree,
                _UCI,
                section.line,
                no_root=not section.says("RootLogin", default=True),
                no_root_password=not section.says("RootPasswordAuth", default=True),
                no_password=not section.says("PasswordAuth", default=True),
                blank=False,
            )
            port = section.value("Port", "22")
            yield _UCI, section.line, [int(port)] if port.isdecimal() else [22], policy


def _of_arguments(tree: Tree, service: Service) -> Found:
    flags, values = _options(service.arguments)
    policy = _policy(
        tree,
        service.path,
        service.line,
        no_root="w" in flags,
        no_root_password="g" in flags,
        no_password="s" in flags,
        blank="B" in flags,
    )
    if service.sockets:
        ports = [socket.port for socket in service.sockets if socket.faces_network]
    else:
        places = [split_place(value) if ":" in value else ("", _number(value)) for value in values["p"]]
        ports = [port or 22 for address, port in places or [("", 22)] if faces_network(address)]
    yield service.path, service.line, ports, policy


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and int(text) < 65536 else 0


def _options(words: tuple[str, ...]) -> tuple[set[str], dict[str, list[str]]]:
    """getopt(3): flags may stand together (``-EFs``), a value may be glued to its option."""
    flags: set[str] = set()
    values: dict[str, list[str]] = {"p": []}
    pending = list(words)
    while pending:
        word = pending.pop(0)
        if not re.match(r"-[A-Za-z]", word):
            continue
        for place, letter in enumerate(word[1:], start=1):
            flags.add(letter)
            if letter in _TAKE:
                value = word[place + 1 :] or (pending.pop(0) if pending else "")
                values.setdefault(letter, []).append(value)
                break
    return flags, values


def _policy(
    tree: Tree, path: str, line: int, *, no_root: bool, no_root_password: bool, no_password: bool, blank: bool
) -> SshPolicy:
    def setting(value: str) -> SshSetting:
        return SshSetting(value=Answer.of(value), path=tree.show(path), line=line)

    root = "no" if no_root else "prohibit-password" if no_root_password else "yes"
    return SshPolicy(
        root_login=setting(root),
        passwords=setting("no" if no_password else "yes"),
        empty_passwords=setting("yes" if blank else "no"),
    )


CONFIGURATION = Configuration(
    name="dropbear", version=1, programs=("dropbear",), gives=(SshServer, SshPolicy), read=read
)
