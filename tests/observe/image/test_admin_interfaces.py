"""Web interfaces of gateways: Node-RED, Zigbee2MQTT, Home Assistant."""

from pathlib import Path

import pytest

from iotscan.model.facts import AdminInterface, AdminInterfaces
from iotscan.observe.image.inspectors import admin
from iotscan.observe.image.inspectors.admin.node_red import _without_comments
from iotscan.observe.image.readers.folder import FolderTree
from tests.observe.image.gateways import a_gateway, networks
from tests.observe.image.looking import heard_of


def interfaces(tree: FolderTree) -> tuple[AdminInterface, ...]:
    heard = heard_of(admin.INSPECTOR, tree)
    assert not heard.missed
    return tuple(i for fact in heard.facts if isinstance(fact, AdminInterfaces) for i in fact.interfaces)


NODE_REDS = {
    "module.exports = {\n uiPort: process.env.PORT || 1880,\n //adminAuth: { type: 'credentials' },\n}\n": (
        "none",
        False,
        True,
        2,
    ),
    "module.exports = {\n /* adminAuth: {} */\n}\n": ("none", False, True, 1),
    "module.exports = {\n adminAuth: { users: [{ username: 'a' }] },\n https: { key: 1 },\n}\n": (
        "password",
        True,
        True,
        2,
    ),
    "module.exports = {\n uiHost: '127.0.0.1',\n url: 'http://x', // adminAuth:\n}\n": ("none", False, False, 1),
}


@pytest.mark.parametrize("text", NODE_REDS)
def test_the_editor_of_node_red(tmp_path: Path, text: str) -> None:
    files = {"usr/bin/node-red": "x", "root/.node-red/settings.js": text}
    (found,) = interfaces(a_gateway(tmp_path / "on", ["/usr/bin/node-red --max-old-space-size=256"], files))
    assert (found.authentication, found.tls.known, found.faces_network, found.line) == NODE_REDS[text]
    assert found.runs_code
    assert interfaces(a_gateway(tmp_path / "off", [], files)) == ()


def test_node_red_without_a_file_is_open_by_default(tmp_path: Path) -> None:
    (found,) = interfaces(a_gateway(tmp_path, ["/usr/bin/node /usr/lib/node_modules/node-red/red.js -p 1881"]))
    assert (found.authentication, found.is_default, found.port, found.path) == ("none", True, 1881, "/etc/inittab")


def test_node_red_without_an_editor_is_no_interface(tmp_path: Path) -> None:
    files = {"data/settings.js": "module.exports = { httpAdminRoot: false }"}
    assert interfaces(a_gateway(tmp_path, ["/usr/bin/node-red"], files)) == ()


ZIGBEES = {
    "frontend: true\nadvanced:\n  network_key: GENERATE\n": ("none", "generated"),
    "frontend:\n  port: 8099\n": ("none", "published"),
    "frontend:\n  enabled: true\n  auth_token: not told\n  ssl_cert: /c\nadvanced:\n  network_key: [1, 3, 5]\n": (
        "password",
        "fixed",
    ),
    "frontend:\n  auth_token: '!secret token'\nadvanced: {network_key: [1,3,5,7,9,11,13,15,0,2,4,6,8,10,12,13]}\n": (
        *("password", "published"),
    ),
    "frontend: false\nadvanced:\n  network_key: !secret.yaml network_key\n": (None, "generated"),
    "mqtt:\n  server: mqtt://localhost\nfrontend: {enabled: false}\n": (None, "published"),
}


@pytest.mark.parametrize("text", ZIGBEES)
def test_zigbee2mqtt(tmp_path: Path, text: str) -> None:
    files = {"opt/zigbee2mqtt/data/configuration.yaml": text}
    tree = a_gateway(tmp_path / "on", ["/usr/bin/node /opt/zigbee2mqtt/index.js"], files)
    found = interfaces(tree)
    assert ([i.authentication for i in found] or [None], [n.key for n in networks(tree)]) == (
        [ZIGBEES[text][0]],
        [ZIGBEES[text][1]],
    )
    assert "not told" not in repr(found)
    off = a_gateway(tmp_path / "off", [], files)
    assert (interfaces(off), networks(off)) == ((), ())


HOMES = {
    "homeassistant:\n  name: x\n": ("password", True, 0),
    "homeassistant:\n  auth_providers:\n    - type: homeassistant\nhttp:\n  ssl_certificate: /c\n": (
        "password",
        False,
        3,
    ),
    "homeassistant:\n  auth_providers:\n   - type: trusted_networks\n     trusted_networks:\n      - 10.1.0.0/24\n": (
        *("address", False, 3),
    ),
    "homeassistant:\n  auth_providers:\n   - type: trusted_networks\n     trusted_networks: [0.0.0.0/0]\n": (
        "none",
        False,
        3,
    ),
    "secret: !include x.yaml\nhttp:\n  server_host: 127.0.0.1\n": ("password", True, 3),
}


@pytest.mark.parametrize("text", HOMES)
def test_home_assistant(tmp_path: Path, text: str) -> None:
    (found,) = interfaces(a_gateway(tmp_path, ["/usr/bin/hass -c /config"], {"config/configuration.yaml": text}))
    assert (found.authentication, found.is_default, found.line) == HOMES[text]
    assert found.faces_network is ("127.0.0.1" not in text)


@pytest.mark.parametrize("text", ["[" * 6000, "a: [", "\t- x: {", "a: &a [*a, *a]\nb: *c", "-\n" + " " * 400 + "a: b"])
def test_yaml_that_is_none_is_unreadable(tmp_path: Path, text: str) -> None:
    tree = a_gateway(tmp_path, ["/usr/bin/hass -c /config"], {"config/configuration.yaml": text})
    assert [m.reason for m in heard_of(admin.INSPECTOR, tree).missed] == ["unreadable"]


@pytest.mark.parametrize("text", ["/* " * 80_000, '"' + '\\"' * 120_000, "`" + "\\`" * 120_000, "'\n" * 120_000])
def test_what_does_not_end_is_looked_for_once(text: str) -> None:
    """A regular expression looked for the end from every beginning: 26 s for 60 kB."""
    assert _without_comments(text) == text


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ('a: "//x", // y\nb', 'a: "//x",     \nb'),
        ("`/*` /* x\ny */ z", "`/*`     \n     z"),
        ("it's /* x */ 'y'", "it's /* x */ 'y'"),
        ("'\\'' // x", "'\\''     "),
        ("don't // x\n/* y */", "don't     \n       "),
    ],
)
def test_comments_of_a_program_are_blanked(text: str, bare: str) -> None:
    assert _without_comments(text) == bare
