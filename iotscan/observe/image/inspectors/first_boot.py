"""Keys and passwords that the start of an image makes, read off the commands that it runs.

Where a password comes from is followed through the variables of a script, by their names alone. Sources of the
device's identity: sysfs ``/sys/class/net/*/address``, device tree ``serial-number``, DMI, ``fw_printenv ethaddr``.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final

import msgspec

from iotscan.model.facts import FirstBoot, KeyMaker, PasswordMaker
from iotscan.model.facts.first_boot import MadeFrom
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.heard import Heard, all_missed
from iotscan.observe.image.inspector import Inspector
from iotscan.observe.image.shell import is_assignment
from iotscan.observe.image.startup.boot_commands import BootCommand, boot_commands, start_of
from iotscan.observe.image.startup.command import fill_in
from iotscan.observe.image.startup.reading import startup_of
from iotscan.observe.image.texts import lines_of
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable

_SOURCES: Final = (
    (
        "mac",
        re.compile(
            r"/sys/class/net/[^\s/]{1,40}/address|\beth\d?addr\b|\bhwaddr\b|get_mac_|mtd_get_mac|\bgetmac\b"
            r"|ifconfig\b[^|]{0,60}\|[^|]{0,60}ether|link/ether|macaddress?_\w+|\bget_mac\b",
            re.IGNORECASE,
        ),
    ),
    (
        "serial",
        re.compile(
            r"/serial-number\b|/serial_number\b|\bserial#|product_serial|board_serial|/proc/cpuinfo|getserial"
            r"|get_serial|/mmcblk\d/device/(?:cid|serial)|\bro\.serialno\b|/sys/devices/soc0/serial",
            re.IGNORECASE,
        ),
    ),
    (
        "random",
        re.compile(
            r"/dev/u?random|/dev/hwrng|openssl\s+rand|\bpwgen\b|\bapg\b|\bmakepasswd\b|\buuidgen\b|random/uuid"
            r"|gpg\s+--gen-random|head\s+-c\s*\d+\s+/dev/urandom"
        ),
    ),
    ("keyed", re.compile(r"-hmac\b|\bhmac\b|-mac\s|\bhkdf\b|openssl\s+enc\b|-macopt\b|\bpkcs11-tool\b", re.IGNORECASE)),
)
_VARIABLE: Final = re.compile(r"\$\{?(\w{1,60})")
_TLS_MAKERS: Final = ("px5g", "certtool", "gen_key", "mbedtls_gen_key", "make-ssl-cert")
_INTO: Final = ("-keyout", "-out", "--outfile")
_HOST_KEY: Final = re.compile(r"ssh_host_|dropbear_\w{0,10}_?host_key|/etc/dropbear/\w*key")


class _Made(msgspec.Struct, frozen=True, kw_only=True):
    kinds: frozenset[str]
    account: str = ""


def _inspect(tree: Tree) -> Heard:
    try:
        commands = boot_commands(tree)
        servers = tuple(dict.fromkeys(s.called for s in startup_of(tree).running("sshd", "dropbear")))
        keys = (*_keys(tree, commands), *_cloud_init(tree))
        passwords = tuple(_passwords(tree, commands))
    except Unreadable as error:
        return all_missed((FirstBoot,), AttemptStatus.UNREADABLE, Reason.UNREADABLE, f"the first start: {error}")
    fact = FirstBoot(
        start=start_of(tree),
        ssh_servers=servers,
        key_makers=tuple(dict.fromkeys(keys)),
        password_makers=tuple(dict.fromkeys(passwords)),
    )
    return Heard(facts=(fact,))


def _keys(tree: Tree, commands: Iterable[BootCommand]) -> Iterator[KeyMaker]:
    variables: dict[str, dict[str, str]] = {}
    for command in commands:
        argv = command.argv
        known = variables.setdefault(command.path, {})
        known |= {name: fill_in(value, known) for name, value in map(_assigned, command.words) if name}
        if not argv:
            continue
        path, line, text = tree.show(command.path), command.line, " ".join(argv[1:])
        if argv[0] == "rm" and _HOST_KEY.search(text):
            yield KeyMaker(path=path, line=line, tool="rm", makes="ssh-host-key", removes=True)
        elif argv[0] == "ssh-keygen" and ("-A" in argv or _HOST_KEY.search(text)):
            yield KeyMaker(path=path, line=line, tool="ssh-keygen", makes="ssh-host-key")
        elif argv[0] == "dropbearkey" and "-y" not in argv:
            yield KeyMaker(path=path, line=line, tool="dropbearkey", makes="ssh-host-key")
        elif argv[0] == "dropbear" and any(re.fullmatch(r"-[A-Za-z]*R[A-Za-z]*", word) for word in argv[1:]):
            yield KeyMaker(path=path, line=line, tool="dropbear -R", makes="ssh-host-key")
        elif argv[0] == "dpkg-reconfigure" and "openssh-server" in argv:
            yield KeyMaker(path=path, line=line, tool="dpkg-reconfigure", makes="ssh-host-key")
        elif argv[0] == "openssl" and re.match(r"(?:genpkey|genrsa|req\b.*-new(?:key)?|ecparam\b.*-genkey)", text):
            yield KeyMaker(path=path, line=line, tool="openssl", makes="tls-key", writes=_written(tree, argv, known))
        elif argv[0] in _TLS_MAKERS:
            yield KeyMaker(path=path, line=line, tool=argv[0], makes="tls-key", writes=_written(tree, argv, known))
    for service in startup_of(tree).running("dropbear"):
        if any(re.fullmatch(r"-[A-Za-z]*R[A-Za-z]*", word) for word in service.arguments):
            path = tree.show(service.path)
            yield KeyMaker(path=path, line=service.line, tool="dropbear -R", makes="ssh-host-key")


def _assigned(word: str) -> tuple[str, str]:
    name, _, value = word.partition("=")
    return (name, value) if is_assignment(word) else ("", "")


def _written(tree: Tree, argv: tuple[str, ...], known: dict[str, str]) -> str:
    """Where a key goes: ``-keyout`` of a request, else ``-out``; a whole path only, links followed."""
    given = {option.lstrip("-"): fill_in(value, known) for option, value in pairwise(argv) if option in _INTO}
    named = given.get("keyout") or ("" if "req" in argv[:2] else given.get("out") or given.get("outfile", ""))
    if not named.startswith("/"):
        return ""
    found = tree.find(named)
    return tree.show(found.path if found is not None else posixpath.normpath(named))


def _cloud_init(tree: Tree) -> Iterator[KeyMaker]:
    """cloud-init's module ``ssh`` takes away the keys it finds (``ssh_deletekeys``) and makes others."""
    service = next((s for s in startup_of(tree).services if s.called.startswith("cloud-init")), None)
    if service is None:
        return
    lines = lines_of(tree, "/etc/cloud/cloud.cfg") or []
    keeps = any(re.match(r"ssh_deletekeys:\s*(?:false|no|0)\b", line, re.IGNORECASE) for line in lines)
    yield KeyMaker(
        path=tree.show(service.path), line=service.line, tool="cloud-init", makes="ssh-host-key", removes=not keeps
    )


def _passwords(tree: Tree, commands: tuple[BootCommand, ...]) -> Iterator[PasswordMaker]:
    by_file: dict[str, list[BootCommand]] = {}
    for command in commands:
        by_file.setdefault(command.path, []).append(command)
    for path, listed in by_file.items():
        yield from _of_file(tree.show(path), listed)


def _of_file(path: str, commands: list[BootCommand]) -> Iterator[PasswordMaker]:
    known: dict[str, frozenset[str]] = {}
    pipelines: dict[int, list[str]] = {}
    for command in commands:
        pipelines.setdefault(command.pipeline, []).append(" ".join(command.words))
    for command in commands:
        for word in command.words:
            if is_assignment(word):
                name, _, value = word.partition("=")
                known[name] = known.get(name, frozenset()) | _kinds(value, known)
        if command.name == "read":
            kinds = _kinds(" ".join(command.words), known)
            known |= {w: kinds for w in command.argv[1:] if w.isidentifier()}
        made = _sink(command, pipelines[command.pipeline], known)
        if made is not None:
            yield PasswordMaker(
                path=path,
                line=command.line,
                tool=command.name,
                account=safe_text(made.account, 64),
                made_from=_from(made.kinds),
                keyed="keyed" in made.kinds,
            )


def _kinds(text: str, known: dict[str, frozenset[str]]) -> frozenset[str]:
    """What a text is made of: ``mac``, ``serial``, ``random``, ``keyed``; ``constant`` where nothing varies in it."""
    found = {kind for kind, pattern in _SOURCES if pattern.search(text)}
    names = _VARIABLE.findall(text)
    for name in names:
        found |= known.get(name, frozenset({"open"}))
    if not found and not names and "$(" not in text:
        return frozenset({"constant"})
    return frozenset(found)


def _from(kinds: frozenset[str]) -> MadeFrom:
    order: tuple[MadeFrom, ...] = ("random", "mac", "serial")
    for kind in order:
        if kind in kinds:
            return kind
    return "constant" if kinds and kinds <= {"constant"} else "unknown"


def _sink(command: BootCommand, pipeline: list[str], known: dict[str, frozenset[str]]) -> _Made | None:
    argv = command.argv
    if not argv:
        return None
    given = " ".join(pipeline)
    plain = [w for w in argv[1:] if not w.startswith("-") and w not in ("<", ">", ">&", "1", "2", "/dev/null")]
    if argv[0] == "chpasswd":
        named = re.search(r"(?:^|[\s\"'])([a-z_][\w-]{0,31}):", given)
        fed = [p for p in pipeline if "chpasswd" not in p]
        return _Made(kinds=_kinds(" ".join(fed), known) if fed else frozenset(), account=named[1] if named else "")
    if argv[0] == "passwd" and not any(w in argv for w in ("-S", "--status", "-u")):
        fed = [p for p in pipeline if not p.split(" ")[0].endswith("passwd")]
        return _Made(kinds=_kinds(" ".join(fed), known) if fed else frozenset(), account=plain[-1] if plain else "root")
    if argv[0] == "usermod" and any(w in argv for w in ("-p", "--password", "-L", "--lock")):
        return _Made(kinds=_kinds(" ".join(argv), known), account=plain[-1] if plain else "")
    if argv[0] in ("htpasswd", "mosquitto_passwd", "smbpasswd", "wpa_passphrase"):
        return _Made(kinds=_kinds(given, known), account=f"({argv[0]})")
    if argv[0] == "uci" and re.search(r"set\s+wireless\.\S+\.(?:key|sae_password)=", " ".join(argv)):
        return _Made(kinds=_kinds(" ".join(argv), known), account="(wireless)")
    if argv[0] in ("sed", "awk", "cp", "mv", "mount") and "/etc/shadow" in argv:
        is_target = argv[0] in ("sed", "awk") or plain[-1:] == ["/etc/shadow"]
        return _Made(kinds=_kinds(" ".join(argv), known) - {"constant"}) if is_target else None
    return None


INSPECTOR = Inspector(name="first-boot", version=1, gives=(FirstBoot,), inspect=_inspect)
