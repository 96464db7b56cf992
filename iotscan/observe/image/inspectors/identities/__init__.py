"""Client certificates: which programs of an image show their servers one, and where its key is kept.

Sources: those of :mod:`.clients`; curl(1), mosquitto_pub(1), wget(1) for commands of the start.
"""

import posixpath
import re
from collections.abc import Iterator
from itertools import pairwise

from iotscan.model.facts import DeviceIdentities, DeviceIdentity
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.heard import Heard, all_missed
from iotscan.observe.image.inspector import Inspector
from iotscan.observe.image.inspectors.identities.clients import CLIENTS, Client
from iotscan.observe.image.inspectors.tunnels import openvpn
from iotscan.observe.image.startup.boot_commands import BootCommand, boot_commands
from iotscan.observe.image.texts import texts_below, without_blocks
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable

_LIMIT = 256 * 1024
_MOST = 100
_COMMENT = re.compile(r"^[ \t]*(?:#|;|//)[^\n]*", re.MULTILINE)
_INSIDE = re.compile(r"^[ \t]*<(key|pkcs12)>", re.MULTILINE)
_PLACE = re.compile(r"(?=[^/.$]*[/.$])[\w./~+@$(){}-]*\w")
"""A word alone may be anything: what stands in the place of a name, or a secret."""
_HARDWARE = re.compile(r"^(pkcs11:|tpm2?:|handle:|/dev/tpm)", re.IGNORECASE)


_COMMANDS = {
    "curl": (("--key",), ("--cert", "-E")),
    "mosquitto_pub": (("--key",), ("--cert",)),
    "mosquitto_sub": (("--key",), ("--cert",)),
    "mosquitto_rr": (("--key",), ("--cert",)),
    "wget": (("--private-key",), ("--certificate",)),
}


def _inspect(tree: Tree) -> Heard:
    try:
        found = [identity for client in CLIENTS for identity in _of_client(tree, client)]
        found += [identity for command in boot_commands(tree) for identity in _of_command(tree, command)]
    except Unreadable as error:
        return all_missed((DeviceIdentities,), AttemptStatus.UNREADABLE, Reason.UNREADABLE, f"identities: {error}")
    return Heard(facts=(DeviceIdentities(identities=tuple(dict.fromkeys(found))[:_MOST]),))


def _of_client(tree: Tree, client: Client) -> Iterator[DeviceIdentity]:
    for path, raw in _texts(tree, client):
        text = _emptied(_COMMENT, without_blocks(raw) if client.has_blocks else raw)
        text = text if client.without is None else _emptied(client.without, text)
        if client.only is None or client.only.search(text):
            yield from _named(tree, client, path, text)


def _named(tree: Tree, client: Client, path: str, text: str) -> Iterator[DeviceIdentity]:
    certificate = client.certificate.search(text)
    hardware = client.hardware.search(text) if client.hardware is not None else None
    inside = _INSIDE.search(text) if client.is_tunnel else None
    folder = posixpath.dirname(path) if client.is_tunnel else ""
    only = hardware or inside
    for found in (only,) if only is not None else client.key.finditer(text):
        kept, key = _where(tree, folder, found[1], is_hardware=found is hardware)
        if found is inside:
            kept, key = "file", tree.show(path)
        if kept:
            yield DeviceIdentity(
                path=tree.show(path),
                line=text.count("\n", 0, found.start(1)) + 1,
                client=client.name,
                kept=kept,  # type: ignore[arg-type]  # one of its three words
                key=key,
                certificate=_shown(certificate[1]) if certificate else "",
                is_claim=client.claim is not None and client.claim.search(text) is not None,
            )


def _texts(tree: Tree, client: Client) -> Iterator[tuple[str, str]]:
    """The client's files; of tunnels those that something starts."""
    if client.is_tunnel:
        started = {tunnel.path for tunnel in openvpn.tunnels(tree) if tunnel.role == "client"}
        yield from ((path, text) for path, text in _below(tree, client) if tree.show(path) in started)
    else:
        yield from _below(tree, client)


def _below(tree: Tree, client: Client) -> Iterator[tuple[str, str]]:
    for place in client.places:
        found = tree.find(place)
        if found is not None and found.kind == "file":
            yield place, tree.whole(place, _LIMIT).decode("utf-8", "replace")
        elif found is not None and found.kind == "folder":
            for path, lines in texts_below(tree, place, endings=client.ending):
                yield path, "\n".join(lines)


def _emptied(pattern: re.Pattern[str], text: str) -> str:
    """``text`` without what fits, each line where it was."""
    return pattern.sub(lambda found: "\n" * found[0].count("\n"), text)


def _shown(certificate: str) -> str:
    """What a certificate is called, without what a key store or a password would add; empty for what is no place."""
    scheme = _HARDWARE.match(certificate)
    if scheme is not None:
        return f"{scheme[1].lower()}…"
    name = certificate.removeprefix("file://").partition(":")[0]
    return safe_text(name, 200) if _PLACE.fullmatch(name) else ""


def _where(tree: Tree, folder: str, value: str, *, is_hardware: bool) -> tuple[str, str]:
    """Where a key is kept, and what to call that; empty for a value that is no place."""
    scheme = _HARDWARE.match(value)
    if scheme is not None or is_hardware:
        # An object's name is the device's own business, and its PIN a secret.
        return "hardware", f"{scheme[1].lower()}…" if scheme else "a key store in hardware"
    name = value.removeprefix("file://")
    if not _PLACE.fullmatch(name):
        return "", ""
    if "$" in name or not (folder or name.startswith("/")):
        # What it is relative to, or stands for, is known when it runs.
        return "absent", safe_text(name, 200)
    path = posixpath.normpath(posixpath.join(folder, name))
    found = tree.find(path)
    if found is None or found.kind != "file" or not found.size:
        return "absent", tree.show(path)
    return "file", tree.show(found.path)


def _of_command(tree: Tree, command: BootCommand) -> Iterator[DeviceIdentity]:
    options = _COMMANDS.get(command.name)
    if options is None:
        return
    keys, certificates = (_given(command.argv, names) for names in options)
    if keys:
        kept, key = _where(tree, "", keys, is_hardware=False)
        if kept:
            yield DeviceIdentity(
                path=tree.show(command.path),
                line=command.line,
                client=command.name,
                kept=kept,  # type: ignore[arg-type]  # one of its three words
                key=key,
                certificate=_shown(certificates),
            )


def _given(argv: tuple[str, ...], names: tuple[str, ...]) -> str:
    for word, after in pairwise((*argv, "")):
        name, sign, value = word.partition("=")
        if name in names:
            return value if sign else after
    return ""


INSPECTOR = Inspector(name="identities", version=1, gives=(DeviceIdentities,), inspect=_inspect)
