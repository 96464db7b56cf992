"""Files that are hostile or cannot be read: every inspector of ways in ends, and says what it did not see."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotscan.model.facts import kind_of
from iotscan.model.vocabulary import AttemptStatus
from iotscan.observe.image.configuration.lighttpd_syntax import Parser, Setting
from iotscan.observe.image.configuration.places import Reading
from iotscan.observe.image.configuration.primes import prime_bits
from iotscan.observe.image.inspector import Inspector
from iotscan.observe.image.inspectors import (
    accounts,
    authorized_keys,
    consoles,
    debug_tools,
    entropy,
    first_boot,
    identities,
    keys,
    login_guards,
    preshared,
    privileges,
    remote_shells,
    updates,
)
from iotscan.observe.image.readers.folder import FolderTree
from iotscan.observe.image.tree import Entry
from iotscan.observe.image.unreadable import Unreadable
from tests.observe.image.looking import a_root, heard_of
from tests.observe.image.started_roots import buildroot

MODULES = (
    *(accounts, authorized_keys, consoles, debug_tools, entropy, first_boot, login_guards, privileges),
    *(identities, remote_shells),
)
INSPECTORS = [module.INSPECTOR for module in MODULES]


class _Damaged(FolderTree):
    """/etc and the folders of commands cannot be listed."""

    def listed(self, path: str) -> Iterable[Entry]:
        if path in ("/etc", "/usr/bin", "/boot"):
            raise Unreadable("a block is damaged")
        return super().listed(path)


@pytest.mark.parametrize("inspector", INSPECTORS, ids=lambda i: i.name)
def test_what_cannot_be_read_is_a_gap_and_no_pass(tmp_path: Path, inspector: Inspector) -> None:
    buildroot(tmp_path)
    heard = heard_of(inspector, _Damaged(tmp_path))
    assert heard.facts == ()
    assert [(m.need, m.status) for m in heard.missed] == [(kind_of(inspector.gives[0]), AttemptStatus.UNREADABLE)]


LONG = 200_000
HOSTILE = [
    "#include" + " " * LONG + 'x"y"z',
    "a" + " " * LONG + "b",
    "/*" * LONG,
    "/* " * LONG,
    "permit" + " nopass" * LONG,
    '"' + '\\"' * LONG,
    "ssh-ed25519 " + "A" * LONG + "!",
    "polkit.addRule(" * 20_000 + "polkit.Result.YES",
    "echo $(" * 30_000,
    "X=" + "$X" * LONG,
    "tcp dport {" * 20_000 + "limit",
    "::respawn:" + "/bin/sh -c " * 20_000,
    "option ttylogin" + " " * LONG,
    "a:" * LONG,
]
FILES = (
    *("etc/sudoers", "etc/doas.conf", "etc/polkit-1/rules.d/x.rules", "root/.ssh/authorized_keys", "etc/inittab"),
    *("etc/init.d/S50x", "etc/nftables.conf", "etc/ssh/sshd_config", "etc/config/system", "etc/passwd", "etc/shadow"),
    *("etc/os-release", "etc/buildinfo", "etc/nginx/nginx.conf", "etc/fail2ban/jail.local", "etc/pam.d/common-auth"),
    *("etc/config/rpcd", "etc/httpd.conf", "etc/mosquitto/mosquitto.conf", "boot/config-1", "etc/securetty"),
)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_lines_end_soon(tmp_path: Path, text: str) -> None:
    tree = buildroot(tmp_path, dict.fromkeys(FILES, f"{text}\n{text}"))
    for inspector in INSPECTORS:
        heard_of(inspector, tree)


@settings(max_examples=40, deadline=None)
@given(st.text(st.sampled_from("ab $(){}`'\"\\\n;|&<>#=-/:"), max_size=200))
def test_any_text_in_every_file(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    tree = buildroot(tmp_path_factory.mktemp("any"), dict.fromkeys(FILES, f"#!/bin/sh\n{text}"))
    for inspector in INSPECTORS:
        heard_of(inspector, tree)


@pytest.mark.timeout(15)
@pytest.mark.parametrize(
    ("inspector", "path", "text"),
    [
        (keys.INSPECTOR, "etc/wireguard/wg0.conf", "PrivateKey" + " " * LONG),
        (preshared.INSPECTOR, "etc/init.d/x", "leshan" * LONG),
        (updates.INSPECTOR, "etc/apt/apt.conf", "/* " * LONG),
        (identities.INSPECTOR, "etc/swupdate.cfg", "/* " * LONG),
        (identities.INSPECTOR, "etc/aziot/config.toml", "[cert_issuance\n" * LONG),
        (identities.INSPECTOR, "etc/mender/mender.conf", '"HttpsClient":{' * LONG),
        (identities.INSPECTOR, "etc/mender/mender.conf", '"HttpsClient" : ' + " " * LONG),
        (identities.INSPECTOR, "etc/rauc/system.conf", "tls-key" + " " * LONG),
    ],
)
def test_a_line_that_nearly_fits_costs_no_more_than_it_is_long(
    tmp_path: Path, inspector: Inspector, path: str, text: str
) -> None:
    """Minutes otherwise: all that an image has."""
    assert not heard_of(inspector, a_root(tmp_path, {path: text[:LONG]})).missed


@pytest.mark.timeout(15)
def test_what_begins_often_and_never_ends_is_looked_for_once(tmp_path: Path) -> None:
    """A text of lighttpd.conf(5), parameters of Diffie-Hellman: 43 s for 40 kB."""
    text = 'server.port = "' + '\\"' * (LONG // 2)
    blocks = "-----BEGIN DH PARAMETERS-----" * 2000
    tree = a_root(tmp_path, {"etc/lighttpd.conf": text, "etc/dh.pem": blocks, "etc/odd.conf": f"{text}\\"})
    for path in ("/etc/lighttpd.conf", "/etc/odd.conf"):
        (said,) = Parser(Reading(tree)).statements(path)
        assert isinstance(said, Setting)
        assert said.key == "server.port"
    assert prime_bits(tree, "/etc/dh.pem") == 0
