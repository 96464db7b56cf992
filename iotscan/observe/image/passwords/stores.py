"""Password files of services in an image: where their configuration says they are, and what stands in them.

Sources: nginx ``auth_basic_user_file``, lighttpd ``auth.backend.*.userfile``, mosquitto.conf(5) ``password_file``,
OpenWrt's rpcd (/etc/config/rpcd, ``$p$`` means the hash of shadow(5)), BusyBox httpd (``/path:user:password``).
"""

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from iotscan.observe.image.passwords.field import Field, read_field
from iotscan.observe.image.texts import lines_of, not_beyond, texts_below
from iotscan.observe.image.tree import Tree

_NGINX: Final = re.compile(r"\s{0,99}auth_basic_user_file\s+[\"']?([^\"';\s]{1,400})")
_LIGHTTPD: Final = re.compile(
    r"\s{0,99}auth\.backend\.(htpasswd|plain|htdigest)\.userfile\s{0,9}=\s{0,9}\"([^\"]{1,400})\""
)
_MOSQUITTO: Final = re.compile(r"\s{0,99}password_file\s+(\S.{0,399})")
_WELL_KNOWN: Final = (
    ("htpasswd", "/etc/nginx/.htpasswd"),
    ("htpasswd", "/etc/nginx/htpasswd"),
    ("htpasswd", "/etc/lighttpd/.htpasswd"),
    ("htpasswd", "/etc/lighttpd/htpasswd"),
    ("htpasswd", "/etc/apache2/.htpasswd"),
    ("htpasswd", "/etc/htpasswd"),
    ("mosquitto", "/etc/mosquitto/passwd"),
    ("mosquitto", "/etc/mosquitto/pwfile"),
    ("mosquitto", "/etc/mosquitto/passwords"),
)
_MOST: Final = 2000
"""Lines of one file."""


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a password file. ``text`` is what a password is compared with, and is never kept."""

    store: str
    path: str
    line: int
    name: str
    text: str
    field: Field


def stored_passwords(tree: Tree) -> Iterator[Stored]:
    """Every entry of every password file that is configured or stands where it usually does. Raises Unreadable."""
    done: set[tuple[str, str]] = set()
    for store, path in (*_configured(tree), *_WELL_KNOWN):
        if (store, path) not in done:
            done.add((store, path))
            yield from _entries(tree, store, path)
    yield from _rpcd(tree)
    yield from _busybox(tree)


def _configured(tree: Tree) -> Iterator[tuple[str, str]]:
    for _, lines in texts_below(tree, "/etc/nginx"):
        for match in filter(None, map(_NGINX.match, lines)):
            yield "htpasswd", _absolute(match[1], "/etc/nginx")
    for _, lines in texts_below(tree, "/etc/lighttpd"):
        for match in filter(None, map(_LIGHTTPD.match, lines)):
            yield match[1], match[2]
    for _, lines in texts_below(tree, "/etc/mosquitto", endings=(".conf",)):
        for match in filter(None, map(_MOSQUITTO.match, lines)):
            yield "mosquitto", match[1].strip()


def _absolute(path: str, folder: str) -> str:
    return path if path.startswith("/") else f"{folder}/{path}"


def _entries(tree: Tree, store: str, path: str) -> Iterator[Stored]:
    lines = lines_of(tree, path) if path.startswith("/") and "$" not in path else None
    for number, line in enumerate(not_beyond(lines or [], _MOST, tree.show(path)), start=1):
        name, colon, rest = line.strip().partition(":")
        if not colon or not name or line.startswith("#"):
            continue
        if store == "htdigest":
            realm, _, digest = rest.partition(":")
            is_digest = re.fullmatch(r"[0-9a-fA-F]{32}", digest) is not None
            field = Field(scheme="htdigest") if is_digest else Field(scheme="locked")
            text = f"{name}:{realm}:{digest}"
        elif store == "plain":
            field, text = _plain(rest)
        else:
            text = rest.split(":", 1)[0]
            field, text = _read(text, store)
        kind = "htpasswd" if store == "plain" else store
        yield Stored(store=kind, path=path, line=number, name=name, text=text, field=field)


def _read(text: str, store: str) -> tuple[Field, str]:
    """``{PLAIN}`` is nginx's; in a file of mosquitto what is no hash is a password that waits for ``-U``."""
    if text.startswith("{PLAIN}"):
        return _plain(text[7:])
    field = read_field(text)
    is_hash = field.scheme in ("mosquitto-sha512", "pbkdf2-sha512")
    if store == "mosquitto" and not is_hash and not text.startswith("$"):
        return _plain(text)
    return field, text


def _plain(text: str) -> tuple[Field, str]:
    return Field(scheme="plain" if text else "empty"), text


def _rpcd(tree: Tree) -> Iterator[Stored]:
    """The ``login`` sections of UCI: ``option username 'root'`` and ``option password '$p$root'``."""
    name = ""
    for number, line in enumerate(lines_of(tree, "/etc/config/rpcd") or [], start=1):
        match = re.match(r"\s{0,99}option\s+(username|password)\s+['\"]?([^'\"\s]{0,400})", line)
        if line.lstrip().startswith("config"):
            name = ""
        elif match and match[1] == "username":
            name = match[2]
        elif match and not match[2].startswith("$p$"):
            field, text = (read_field(match[2]), match[2]) if match[2].startswith("$") else _plain(match[2])
            yield Stored(store="rpcd", path="/etc/config/rpcd", line=number, name=name or "?", text=text, field=field)


def _busybox(tree: Tree) -> Iterator[Stored]:
    for number, line in enumerate(lines_of(tree, "/etc/httpd.conf") or [], start=1):
        path, _, rest = line.strip().partition(":")
        name, colon, text = rest.partition(":")
        if not path.startswith("/") or not colon or text.startswith("$p$") or name == "*":
            continue
        field, text = (read_field(text), text) if text.startswith("$") else _plain(text)
        yield Stored(
            store="busybox-httpd", path="/etc/httpd.conf", line=number, name=name or "?", text=text, field=field
        )
