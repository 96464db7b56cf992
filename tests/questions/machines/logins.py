"""Hosts with logins of one known product: as it left the factory, changed, and those that only look like it."""

import sys
from collections import Counter
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from iotscan.data.credential_records import load_records
from tests.questions.host import Host, Place
from tests.questions.machines.misc import NEVER_DOCUMENTED, STRANGER

SERVER = Path(__file__).parents[1] / "login_hosts.py"
RECORD = "sony-snt-v"
LIGHTTPD = """
server.modules = ("mod_auth", "mod_authn_file")
server.document-root = "{folder}/www"
server.bind = "{address}"
server.port = 80
index-file.names = ("index.html")
mimetype.assign = (".html" => "text/html")
auth.backend = "htdigest"
auth.backend.htdigest.userfile = "{folder}/accounts"
auth.require = ("/" => ("method" => "digest", "realm" => "SNT-V704", "require" => "valid-user"))
"""


def documented() -> str:
    """The password in the record."""
    return next(r for r in load_records() if r.id == RECORD).pairs[0].password.reveal()


def serve(place: Place, name: str, password: str) -> None:
    """One of the hosts of ``login_hosts.py``."""
    place.machine.start(sys.executable, str(SERVER), name, password, str(place.folder), place.address)


def factory(place: Place, name: str) -> None:
    """With the password of the manual."""
    serve(place, name, documented())


def changed(place: Place, name: str) -> None:
    """With one that its owner chose."""
    serve(place, name, NEVER_DOCUMENTED)


def digest(place: Place) -> None:
    """lighttpd that asks by HTTP Digest."""
    import hashlib

    (place.folder / "www").mkdir()
    (place.folder / "www" / "index.html").write_text("<!doctype html><title>Live view</title>")
    secret = hashlib.md5(f"root:SNT-V704:{documented()}".encode(), usedforsecurity=False).hexdigest()
    (place.folder / "accounts").write_text(f"root:SNT-V704:{secret}\n")
    (place.folder / "lighttpd.conf").write_text(LIGHTTPD.format(folder=place.folder, address=place.address))
    place.machine.start("lighttpd", "-D", "-f", f"{place.folder}/lighttpd.conf")


def tried(place: Place) -> Mapping[str, int]:
    """The accounts that a host was asked with."""
    log = place.folder / "logins.log"
    users = log.read_text().split() if log.exists() else []
    return Counter(user if user == "root" else STRANGER for user in users)


def harm(place: Place) -> str:
    """An account that was locked."""
    note = place.folder / "harm"
    return note.read_text() if note.exists() else ""


def host(name: str, start: object, which: str) -> Host:
    return Host(name=name, start=partial(start, name=which), logins=tried, harm=harm)  # type: ignore[arg-type, call-overload]


MACHINES = (
    host("form-factory", factory, "form"),
    host("form-changed", changed, "form"),
    host("form-rogue", changed, "rogue"),
    host("form-honeypot", changed, "honeypot"),
    host("form-everywhere", changed, "everywhere"),
    host("form-scripted", factory, "scripted"),
    host("ftp-factory", factory, "ftp"),
    host("ftp-slow", changed, "slow"),
    Host(name="digest-factory", start=digest, tools={"lighttpd": "lighttpd"}),
)
