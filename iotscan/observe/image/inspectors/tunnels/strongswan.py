"""strongSwan's connections: ipsec.conf(5) and swanctl.conf(5), of a started daemon.

Proposals are words by hyphens (``aes256-sha256-modp2048``); RFC 8247 and RFC 8221 say which of them are no more.
"""

from collections.abc import Iterator

from iotscan.model.answer import Answer
from iotscan.model.facts import VpnTunnel, WeakProposal
from iotscan.model.text import safe_text
from iotscan.observe.image.globbing import globbed
from iotscan.observe.image.startup.reading import startup_of
from iotscan.observe.image.texts import lines_of
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable

_DAEMONS = ("charon", "charon-systemd", "starter", "ipsec", "strongswan")
_IPSEC = ("/etc/ipsec.conf", "/etc/strongswan/ipsec.conf", "/var/ipsec/ipsec.conf")
_SWANCTL = ("/etc/swanctl/swanctl.conf", "/etc/swanctl/conf.d/*.conf", "/etc/strongswan/swanctl/swanctl.conf")
_BROKEN = ("des", "null", "modp768", "modpnull")
_WEAK = ("3des", "blowfish", "blowfish128", "cast128", "md5", "modp1024", "modp1536", "modp1024s160", "ecp192")
_DEPTH = 12

Told = dict[str, tuple[str, int]]


def tunnels(tree: Tree) -> Iterator[VpnTunnel]:
    """A tunnel for each connection that is loaded. Raises Unreadable."""
    if not any(startup_of(tree).running(*_DAEMONS)):
        return
    for path in (path for path in _IPSEC if tree.find(path) is not None):
        for name, line, told in _connections(tree, path):
            if told.get("auto", ("ignore", 0))[0] not in ("ignore", "none"):
                yield _of_ipsec(tree.show(path), name, line, told)
    for path in (path for pattern in _SWANCTL for path in globbed(tree, pattern)):
        root = _Node(lines_of(tree, path) or [])
        for name, connection in root.child("connections").children.items():
            yield _of_swanctl(tree.show(path), name, connection)


def revocation(tree: Tree) -> Iterator[tuple[str, int, str]]:
    """Path, line and word for how strictly each file or connection asks whether a certificate was taken back.

    ``strictcrlpolicy`` of ipsec.conf (``no`` without it) and ``revocation`` of swanctl.conf (``relaxed`` without it).
    Raises Unreadable.
    """
    if not any(startup_of(tree).running(*_DAEMONS)):
        return
    for path in (path for path in _IPSEC if tree.find(path) is not None):
        loaded = [told for _, _, told in _connections(tree, path) if told.get("auto", ("ignore", 0))[0] != "ignore"]
        if any("cert" in key for told in loaded for key in told):
            said = [(n, raw) for n, raw in enumerate(lines_of(tree, path) or [], start=1) if "strictcrlpolicy" in raw]
            words = [(n, raw.partition("=")[2].strip()) for n, raw in said if not raw.lstrip().startswith("#")]
            line, word = words[-1] if words else (1, "no")
            yield path, line, f"strictcrlpolicy={word}"
    for path in (path for pattern in _SWANCTL for path in globbed(tree, pattern)):
        for connection in _Node(lines_of(tree, path) or []).child("connections").children.values():
            for key, end in connection.children.items():
                if key.startswith("remote") and (end.text("auto") or end.text("auth") or "pubkey").startswith("pubkey"):
                    line = end.told.get("revocation", ("", end.line))[1]
                    yield path, line, f"revocation = {end.text('revocation') or 'relaxed'}"


def _connections(tree: Tree, path: str) -> Iterator[tuple[str, int, Told]]:
    sections: dict[str, tuple[int, Told]] = {}
    here: Told = {}
    for number, raw in enumerate(lines_of(tree, path) or [], start=1):
        text = raw.partition("#")[0]
        words = text.split()
        if not words:
            continue
        if not text[0].isspace():
            here = {}
            if words[0] == "conn" and len(words) > 1:
                sections[words[1]] = (number, here)
        else:
            key, has_value, value = text.strip().partition("=")
            if has_value:
                here[key.strip()] = (value.strip().strip('"'), number)
    usual = sections.get("%default", (0, {}))[1]
    for name, (number, told) in sections.items():
        if name != "%default":
            other = sections.get(told.get("also", ("", 0))[0], (0, {}))[1]
            yield name, number, {**usual, **other, **told}


def _of_ipsec(path: str, name: str, line: int, told: Told) -> VpnTunnel:
    def value(*names: str) -> str:
        return next((told[n][0] for n in names if n in told), "")

    ends = {value("leftauth", "authby"), value("rightauth", "authby")}
    has_psk = bool(ends & {"psk", "secret"})
    where = next((told[n][1] for n in ("aggressive", "authby", "leftauth", "rightauth") if n in told), line)
    weak = [*_weak(told.get("ike")), *_weak(told.get("esp")), *_weak(told.get("ah"))]
    return VpnTunnel(
        path=path,
        line=where,
        system="strongswan",
        name=safe_text(name, 64),
        role="peer",
        authentication="psk" if has_psk else "none" if "never" in ends else "certificate",
        checks_peer=Answer.of(True),
        is_aggressive=value("aggressive") == "yes" and value("keyexchange") == "ikev1",
        weak=tuple(weak),
    )


def _weak(said: tuple[str, int] | None) -> Iterator[WeakProposal]:
    text, line = said or ("", 0)
    for proposal in text.rstrip("!").lower().split(","):
        for word in proposal.strip().split("-"):
            if word in _WEAK or word in _BROKEN:
                yield WeakProposal(name=safe_text(word, 40), line=line, is_broken=word in _BROKEN)


class _Node:
    """A section of strongswan.conf's syntax: settings by name, sections by name."""

    def __init__(self, lines: list[str]) -> None:
        self.told: Told = {}
        self.children: dict[str, _Node] = {}
        self.line = 0
        stack = [self]
        for number, raw in enumerate(lines, start=1):
            text = raw.partition("#")[0].replace("{", " { ").replace("}", " } ")
            for piece in _pieces(text):
                if piece == "}":
                    stack = stack[:-1] if len(stack) > 1 else stack
                elif piece.endswith("{"):
                    if len(stack) > _DEPTH:
                        raise Unreadable("its sections are nested too deeply")
                    child = stack[-1].children.setdefault(piece[:-1].strip(), _Node([]))
                    child.line = number
                    stack.append(child)
                else:
                    key, has_value, value = piece.partition("=")
                    if has_value:
                        stack[-1].told[key.strip()] = (value.strip().strip('"'), number)

    def child(self, name: str) -> "_Node":
        """A section, an empty one where there is none."""
        return self.children.get(name, _Node([]))

    def text(self, name: str) -> str:
        """A setting."""
        return self.told.get(name, ("", 0))[0]


def _pieces(text: str) -> Iterator[str]:
    """``a {``, ``k = v``, ``}`` of one line."""
    rest = text.strip()
    while rest:
        cut = min((place for place in (rest.find("{"), rest.find("}")) if place >= 0), default=-1)
        if cut < 0:
            yield rest
            return
        before = rest[:cut].strip()
        if rest[cut] == "{":
            yield f"{before}{{"
        else:
            if before:
                yield before
            yield "}"
        rest = rest[cut + 1 :].strip()


def _of_swanctl(path: str, name: str, connection: _Node) -> VpnTunnel:
    ends = {
        child.text("auth") or "pubkey"
        for key, child in connection.children.items()
        if key.startswith(("local", "remote"))
    }
    said = [connection.told.get("proposals")]
    for child in connection.child("children").children.values():
        said += [child.told.get("esp_proposals"), child.told.get("ah_proposals")]
    return VpnTunnel(
        path=path,
        line=connection.line,
        system="strongswan",
        name=safe_text(name, 64),
        role="peer",
        authentication="psk" if "psk" in ends else "certificate",
        checks_peer=Answer.of(True),
        is_aggressive=connection.text("aggressive") == "yes" and connection.text("version") == "1",
        weak=tuple(weak for each in said for weak in _weak(each)),
    )
