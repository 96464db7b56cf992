"""OpenSSH's server as its configuration has it (sshd_config(5), sshd(8)).

The first value of a keyword counts; what stands below ``Match`` holds for some only. Where nothing is written the
documented default of the version counts, and where the version is not known nothing does.
"""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts import SshException, SshPolicy, SshServer, SshSetting
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import Reason
from iotscan.observe.heard import Configured
from iotscan.observe.image.configuration.configured import Configuration
from iotscan.observe.image.configuration.moduli import FILE as MODULI
from iotscan.observe.image.configuration.moduli import groups_of
from iotscan.observe.image.configuration.places import Reading, faces_network, split_place
from iotscan.observe.image.configuration.ssh_keys import OPENSSH_FILES, host_keys_in
from iotscan.observe.image.configuration.version import Version, in_program, packaged, program_bytes
from iotscan.observe.image.globbing import globbed
from iotscan.observe.image.sshd_settings import values_of
from iotscan.observe.image.startup.service import Service
from iotscan.observe.image.tree import Tree

_FILE = "/etc/ssh/sshd_config"
_DEPTH = 16
_SESSIONS = ("/usr/lib/openssh/sshd-session", "/usr/libexec/sshd-session", "/usr/libexec/openssh/sshd-session")
_STRICT = "kex-strict-s-v00@openssh.com"
_DEFAULTS = {"permitrootlogin": "prohibit-password", "passwordauthentication": "yes", "permitemptypasswords": "no"}
_DEFAULTS |= {"kbdinteractiveauthentication": "yes", "usepam": "no"}
"""sshd_config(5) since 7.0."""
_OLD_NAMES = {"challengeresponseauthentication": "kbdinteractiveauthentication", "skeyauthentication": ""}
_ECDH = ("ecdh-sha2-nistp256", "ecdh-sha2-nistp384", "ecdh-sha2-nistp521")
_CURVE = ("curve25519-sha256", "curve25519-sha256@libssh.org")
_GROUPS = (
    *("diffie-hellman-group-exchange-sha256", "diffie-hellman-group16-sha512", "diffie-hellman-group18-sha512"),
    "diffie-hellman-group14-sha256",
)
_CIPHERS = (
    *("chacha20-poly1305@openssh.com", "aes128-ctr", "aes192-ctr", "aes256-ctr"),
    *("aes128-gcm@openssh.com", "aes256-gcm@openssh.com"),
)
_MACS = (
    *("umac-64-etm@openssh.com", "umac-128-etm@openssh.com", "hmac-sha2-256-etm@openssh.com"),
    *("hmac-sha2-512-etm@openssh.com", "hmac-sha1-etm@openssh.com", "umac-64@openssh.com", "umac-128@openssh.com"),
    *("hmac-sha2-256", "hmac-sha2-512", "hmac-sha1"),
)
_HOST_KEYS = (
    *("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"),
    *("sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com", "rsa-sha2-512", "rsa-sha2-256"),
)
_OLDEST_LISTED = (8, 2)


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One directive: where it stands, and the Match block it is in (empty: it holds for all)."""

    key: str
    value: str
    path: str
    line: int
    match: str = ""


def read(tree: Tree, service: Service) -> Iterator[Configured]:
    """One server and one policy for each port. Raises Unreadable."""
    path = _option(service, "-f") or _FILE
    lines = [*_given(service), *_read_file(Reading(tree), path)]
    version = in_program(tree, service.program, rb"OpenSSH_(\d+\.\d+(?:p\d+)?)") or packaged(tree, "openssh-server")
    policy = _policy(tree, lines, version, path)
    server = _server(tree, service, lines, version, _methods(lines, policy, version))
    place = next((x for x in lines if x.path == path), None)
    for port in _ports(service, lines):
        where = port if port.path else msgspec.structs.replace(port, path=place.path if place else service.path)
        for fact in (server, policy):
            yield Configured(fact=fact, path=where.path, line=where.line, service=f"tcp/{port.value}")


def _option(service: Service, name: str) -> str:
    return next(values_of(service, name), "")


def _given(service: Service) -> Iterator[Line]:
    """``-o Key=Value`` comes before any file."""
    for text in values_of(service, "-o"):
        yield from _directive(text, service.path, service.line, "")


def _read_file(reading: Reading, path: str, match: str = "", depth: int = 0) -> Iterator[Line]:
    here = match
    for number, raw in enumerate(reading.lines(path) if depth <= _DEPTH else (), start=1):
        for found in _directive(raw, path, number, here):
            if found.key == "include":
                for pattern in found.value.split():
                    # The Match of an included file ends with it.
                    for name in globbed(reading.tree, pattern if pattern.startswith("/") else f"/etc/ssh/{pattern}"):
                        yield from _read_file(reading, name, here, depth + 1)
            elif found.key == "match":
                here = match if found.value.lower() == "all" else found.value
            else:
                yield found


def _directive(text: str, path: str, line: int, match: str) -> Iterator[Line]:
    found = re.match(r"\s*([A-Za-z]\w*)(?:\s*=\s*|\s+)(.*)$", text)
    if found:
        value = re.sub(r"\s+#.*$", "", found[2]).strip().replace('"', "")
        key = found[1].lower()
        yield Line(key=_OLD_NAMES.get(key, key), value=value, path=path, line=line, match=match)


def _first(lines: list[Line], key: str) -> Line | None:
    return next((line for line in lines if line.key == key and not line.match), None)


def _ports(service: Service, lines: list[Line]) -> Iterator[Line]:
    """Where it listens beyond the device itself: ``value`` is the port."""
    if service.sockets:
        for socket in service.sockets:
            if socket.faces_network:
                yield Line(key="port", value=str(socket.port), path=service.path, line=service.line)
        return
    given = _option(service, "-p")
    told = [line for line in lines if line.key == "port" and not line.match and line.value.isdecimal()]
    ports = [Line(key="port", value=given, path=service.path, line=service.line)] if given.isdecimal() else told
    ports = ports or [Line(key="port", value="22", path="", line=0)]
    addresses = [line for line in lines if line.key == "listenaddress" and not line.match]
    for line in addresses:
        address, own = split_place(line.value.split()[0] if line.value else "")
        if faces_network(address):
            for port in [own] if own else [int(p.value) for p in ports]:
                yield msgspec.structs.replace(line, value=str(port))
    if not addresses:
        yield from ports


def _server(
    tree: Tree, service: Service, lines: list[Line], version: Version, methods: Answer[tuple[str, ...]]
) -> SshServer:
    kex: tuple[str, ...] = (*_CURVE, *_ECDH, *_GROUPS)
    kex = ("sntrup761x25519-sha512@openssh.com", *kex) if version >= (9, 0) else kex
    kex = ("mlkem768x25519-sha256", *(k for k in kex if k not in _GROUPS)) if version >= (10, 0) else kex
    host_keys: tuple[str, ...] = _HOST_KEYS if version >= (8, 8) else (*_HOST_KEYS, "ssh-rsa")
    is_listed = version >= _OLDEST_LISTED
    lists: dict[str, tuple[str, ...]] = {}
    unsaid: list[str] = []
    for name, key, default in (
        ("kex", "kexalgorithms", kex),
        ("ciphers", "ciphers", _CIPHERS),
        ("macs", "macs", _MACS),
        ("host key algorithms", "hostkeyalgorithms", host_keys),
    ):
        line = _first(lines, key)
        chosen = _chosen(line.value if line else "", default if is_listed else None)
        lists[name] = chosen or ()
        if chosen is None:
            unsaid.append(name)
    strict = _does_strict_kex(tree, service, version)
    if strict is None:
        unsaid.append("strict kex")
    protocol = _first(lines, "protocol")
    is_old = protocol is not None and "1" in protocol.value.split(",") and version < (7, 4)
    return SshServer(
        protocol="1.99" if is_old else "2.0",
        software=f"OpenSSH_{'.'.join(map(str, version[:2]))}" if version else "OpenSSH",
        kex=(*lists["kex"], *([_STRICT] if strict else [])),
        host_key_algorithms=lists["host key algorithms"],
        ciphers=lists["ciphers"],
        ciphers_in=lists["ciphers"],
        macs=lists["macs"],
        macs_in=lists["macs"],
        compression=(compression := _compression(lines, version)),
        compression_in=compression,
        host_keys=host_keys_in(tree, _host_key_files(service, lines)),
        groups=groups_of(tree, None if "kex" in unsaid else lists["kex"], version, _value(lines, "modulifile", MODULI)),
        login_methods=methods,
        unsaid=tuple(unsaid),
    )


def _value(lines: list[Line], key: str, default: str) -> str:
    line = _first(lines, key)
    return line.value if line is not None else default


def _host_key_files(service: Service, lines: list[Line]) -> tuple[str, ...]:
    """``-h`` and ``HostKey`` may stand several times; without any the usual files."""
    given = (*values_of(service, "-h"), *(line.value for line in lines if line.key == "hostkey" and not line.match))
    return given or OPENSSH_FILES


def _compression(lines: list[Line], version: Version) -> tuple[str, ...]:
    """Before 7.4 it could compress before the login; empty where that is not known."""
    value = _value(lines, "compression", "delayed").lower()
    if value == "no":
        return ("none",)
    if value == "delayed" or version >= (7, 4):
        return ("none", "zlib@openssh.com")
    return ("none", "zlib@openssh.com", "zlib") if version else ()


def _methods(lines: list[Line], policy: SshPolicy, version: Version) -> Answer[tuple[str, ...]]:
    """The ways to log in that hold for all; some of them ``Match`` may give or take."""
    settings = (policy.passwords, policy.root_login)
    open_one = next((setting for setting in settings if not setting.value.is_answered), None)
    if open_one is not None or version < (7, 0):
        why = open_one.value.detail if open_one is not None else "the configuration does not say: its defaults"
        return Answer.missing(Reason.NOT_OBSERVABLE, why)
    said = (
        ("publickey", "pubkeyauthentication", "yes"),
        ("password", "passwordauthentication", "yes"),
        ("keyboard-interactive", "kbdinteractiveauthentication", "yes"),
        ("hostbased", "hostbasedauthentication", "no"),
        ("gssapi-with-mic", "gssapiauthentication", "no"),
    )
    return Answer.of(tuple(name for name, key, default in said if _value(lines, key, default).lower() != "no"))


def _chosen(value: str, default: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """sshd_config(5), "Ciphers": ``+`` adds to the default, ``-`` takes away by pattern, ``^`` puts first."""
    if value[:1] not in ("+", "-", "^", ""):
        return tuple(safe_text(word, 64) for word in value.split(",") if word)
    names = tuple(safe_text(word, 64) for word in value[1:].split(",") if word)
    if default is None:
        return None
    if value[:1] == "-":
        return tuple(name for name in default if not any(fnmatchcase(name, pattern) for pattern in names))
    return tuple(dict.fromkeys((*names, *default) if value[:1] == "^" else (*default, *names)))


def _does_strict_kex(tree: Tree, service: Service, version: Version) -> bool | None:
    """Distributions brought it to older versions: the program itself says whether it knows it."""
    programs = [program_bytes(tree, path) for path in (service.program, *_SESSIONS)]
    if version >= (9, 6) or any(_STRICT.encode() in data for data in programs):
        return True
    return False if version and b"kex" in programs[0] else None


def _policy(tree: Tree, lines: list[Line], version: Version, path: str) -> SshPolicy:
    def setting(key: str) -> SshSetting:
        line = _first(lines, key)
        if line is not None:
            value = "prohibit-password" if line.value == "without-password" else line.value.lower()
            return SshSetting(value=Answer.of(safe_text(value, 64)), path=tree.show(line.path), line=line.line)
        if tree.find(path) is None:
            return SshSetting(value=Answer.missing(Reason.NOT_OBSERVABLE, f"there is no {path} in the image"))
        if version >= (7, 0):
            return SshSetting(value=Answer.of(_DEFAULTS[key]))
        return SshSetting(value=Answer.missing(Reason.NOT_OBSERVABLE, f"the configuration does not say: {key}"))

    asked = setting("kbdinteractiveauthentication")
    pam = setting("usepam")
    password = setting("passwordauthentication")
    if password.value.known == "no" and asked.value.known == "yes" and pam.value.known == "yes":
        # PAM asks for the password then.
        password = asked
    return SshPolicy(
        root_login=setting("permitrootlogin"),
        passwords=password,
        empty_passwords=setting("permitemptypasswords"),
        exceptions=tuple(
            SshException(
                match=safe_text(line.match, 80),
                keyword=line.key,
                value=safe_text(line.value.lower(), 40),
                path=tree.show(line.path),
                line=line.line,
            )
            for line in lines
            if line.match and line.key in ("permitrootlogin", "passwordauthentication", "permitemptypasswords")
        ),
    )


CONFIGURATION = Configuration(name="openssh", version=1, programs=("sshd",), gives=(SshServer, SshPolicy), read=read)
