"""Configurations that ship to be chosen: what stands in them is not what the device does."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from iotscan.model.facts import Backends, EmbeddedSecrets, VerificationSwitches
from iotscan.observe.image.inspectors import backends, secrets
from iotscan.observe.image.places import is_set_aside
from tests.observe.image.looking import a_root, heard_of

CURL = "actionban = curl -k -X POST https://lb.acme.io/block\n"
ACTION = "etc/fail2ban/action.d/netscaler.conf"
SITE = "etc/nginx/sites-available/old"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({ACTION: CURL, "etc/fail2ban/jail.conf": "# action = netscaler\n[sshd]\naction = iptables\n"}, True),
        ({ACTION: CURL, "etc/fail2ban/jail.d/a.local": "[sshd]\naction = netscaler[ns_host=x]\n"}, False),
        ({ACTION: CURL, "etc/fail2ban/jail.local": "[sshd]\naction = netscaler-v2\n"}, True),
    ],
)
def test_an_action_of_fail2ban_counts_where_a_jail_names_it(
    tmp_path: Path, files: Mapping[str, str], expected: bool
) -> None:
    _, switches = heard_of(backends.INSPECTOR, a_root(tmp_path, files)).facts
    assert isinstance(switches, VerificationSwitches)
    assert [s.in_documentation for s in switches.switches] == [expected]


@pytest.mark.parametrize("is_enabled", [True, False])
def test_a_site_counts_where_a_link_enables_it(tmp_path: Path, is_enabled: bool) -> None:
    text = "proxy_ssl_verify off;\nroot_ca /etc/own/ca.pem;\nadmin_password = Kaffee-12-Tassen\n"
    tree = a_root(tmp_path, {SITE: text, "etc/nginx/sites-enabled/.keep": ""})
    if is_enabled:
        (tmp_path / "etc/nginx/sites-enabled/a").symlink_to("../sites-available/old")
    assert is_set_aside(tree, f"/{SITE}") is not is_enabled
    inventory, _ = heard_of(backends.INSPECTOR, tree).facts
    assert isinstance(inventory, Backends)
    assert len(inventory.pins) == is_enabled


@pytest.mark.parametrize("is_enabled", [True, False])
def test_what_a_setting_holds_that_nothing_enables(tmp_path: Path, is_enabled: bool) -> None:
    tree = a_root(
        tmp_path, {f"{SITE}.conf": "admin_password = Kaffee-12-Tassen\n", "etc/nginx/sites-enabled/.keep": ""}
    )
    if is_enabled:
        (tmp_path / "etc/nginx/sites-enabled/a").symlink_to("../sites-available/old.conf")
    (found,) = heard_of(secrets.INSPECTOR, tree).facts
    assert isinstance(found, EmbeddedSecrets)
    assert [s.in_documentation for s in found.secrets] == [not is_enabled]


def test_without_a_folder_of_what_is_enabled_nothing_is_set_aside(tmp_path: Path) -> None:
    assert not is_set_aside(a_root(tmp_path, {SITE: "x"}), f"/{SITE}")


def test_the_authority_for_clients_of_a_server_binds_no_client(tmp_path: Path) -> None:
    listener = "listener 8883\ncafile /data/pki/ca.crt\nbridge_cafile /etc/own/bridge.pem\n"
    tree = a_root(tmp_path, {"etc/mosquitto/conf.d/tls.conf": listener})
    inventory, _ = heard_of(backends.INSPECTOR, tree).facts
    assert isinstance(inventory, Backends)
    assert [pin.setting for pin in inventory.pins] == ["bridge_cafile"]
