"""What one device hears of others at real brokers: one open to all devices, one that filters, one that refuses."""

import base64
import hashlib
import json
from pathlib import Path

import pytest
import yaml

from iotscan.model.result import Result
from iotscan.model.vocabulary import Outcome, Reason
from iotscan.store.runs import decode_run
from tests.backend_lab.cloud import HOSTS, USERS, Cloud
from tests.lan.certificates import make_ec_key
from tests.lan.network import poll

pytestmark = [pytest.mark.lan, pytest.mark.slow]
HOST = "updates.acme.example"
OPEN, FILTERS, REFUSES = 8883, 8884, 8886
PLUGIN = next(Path("/usr/lib").glob("*/mosquitto_dynamic_security.so"), None)

CONFIGURATION = """\
user root
per_listener_settings true
listener {port} {address}
certfile {folder}/{host}/cert.pem
keyfile {folder}/{host}/key.pem
allow_anonymous false
{more}
"""


def dynamic_security() -> str:
    """Two devices, each of which may subscribe to topics of its own (mosquitto, plugins/dynamic-security)."""

    def client(user: str, password: str) -> dict[str, object]:
        salt = hashlib.sha256(user.encode()).digest()[:12]
        hashed = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, 101)
        hashes = {"password": base64.b64encode(hashed).decode(), "salt": base64.b64encode(salt).decode()}
        return {"username": user, **hashes, "iterations": 101, "roles": [{"rolename": user}]}

    def role(user: str) -> dict[str, object]:
        acls = ("publishClientSend", "publishClientReceive", "subscribePattern", "unsubscribePattern")
        allowed = [{"acltype": acl, "topic": f"devices/{user}/#", "priority": 0, "allow": True} for acl in acls]
        return {"rolename": user, "acls": allowed}

    nothing = dict.fromkeys(("publishClientSend", "publishClientReceive", "subscribe"), False)
    return json.dumps(
        {
            "defaultACLAccess": {**nothing, "unsubscribe": True},
            "clients": [client(*each) for each in USERS.items()],
            "groups": [],
            "roles": [role(user) for user in USERS],
        }
    )


@pytest.fixture(scope="module")
def brokers(cloud: Cloud) -> Cloud:
    folder, address = cloud.folder, HOSTS[HOST]
    (folder / HOST).mkdir()
    cloud.authority.issue_for(folder / HOST, make_ec_key(), HOST)
    (folder / "dynsec.json").write_text(dynamic_security())
    (folder / "open-acl").write_text("pattern readwrite #\n")
    (folder / "open-acl").chmod(0o600)
    passwords = f"password_file {folder}/passwords\nacl_file {folder}/"
    more = {OPEN: f"{passwords}open-acl", FILTERS: f"{passwords}acl"}
    if PLUGIN:
        more[REFUSES] = f"plugin {PLUGIN}\nplugin_opt_config_file {folder}/dynsec.json"
    for port, said in more.items():
        path = folder / f"broker-{port}.conf"
        path.write_text(CONFIGURATION.format(port=port, address=address, folder=folder, host=HOST, more=said))
        cloud.machine.start("mosquitto", "-c", str(path))
    listening = lambda: all(f"{address}:{port}" in cloud.machine.run("ss", "-Hlnt").stdout for port in more)  # noqa: E731
    poll("the brokers", listening)
    for port in more:
        for user, password in USERS.items():
            # Each device says something all the time, as devices do.
            say = f"while :; do echo on; sleep 0.2; done | mosquitto_pub -h {address} -p {port} --insecure"
            login = f"--cafile {folder}/ca.pem -u {user} -P {password} -t devices/{user}/state -l"
            cloud.machine.start("sh", "-c", f"{say} {login}")
    return cloud


def tenants(cloud: Cloud, port: int, *words: str | Path, trusted: bool = True, **changes: object) -> Result:
    """What the check says of a broker, asked with the credential of the first device."""
    credential = {
        "backend": f"{HOST}:{port}",
        "user": "device-1",
        "password": USERS["device-1"],
        "may_hear": ["devices/device-1/#"],
        **changes,
    }
    file = cloud.folder / "credentials.yaml"
    file.write_text(yaml.safe_dump({"schema": "iotscan/backend-credentials@1", "credentials": [credential]}))
    ended = cloud.scan(
        *("scan", "--backend", f"{HOST}:{port}", "--scope", cloud.scope(HOST), "--yes", "--no-progress"),
        *("--no-history", "--check", "mqtt-cross-tenant", "-f", "json", "--backend-credential", file),
        *(words or ("--intrusive",)),
        *(("--trust-store", cloud.folder / "ca.pem") if trusted else ()),
    )
    assert ended.returncode in (0, 3), ended.stderr
    run = decode_run(ended.stdout.encode(), "standard output")
    for path in (cloud.folder / "iotscan-out" / run.id).rglob("*"):
        if path.is_file():
            assert USERS["device-1"].encode() not in path.read_bytes(), f"{path.name} holds the password"
    (result,) = (r for r in run.results if r.check == "mqtt-cross-tenant")
    return result


def test_a_broker_open_to_all_devices_is_found(brokers: Cloud) -> None:
    result = tenants(brokers, OPEN)
    assert (result.outcome, result.variant) == (Outcome.FAIL, "readable")


def test_the_line_to_reproduce_it_shows_it(brokers: Cloud) -> None:
    result = tenants(brokers, OPEN, must_not_hear=["devices/device-2/#"])
    assert "$MQTT_PASSWORD" in result.reproduce
    line = result.reproduce.replace("--tls-use-os-certs", f"--cafile {brokers.folder}/ca.pem")
    login = f"export MQTT_USER=device-1 MQTT_PASSWORD={USERS['device-1']}; "
    shown = brokers.scanner.run("sh", "-c", login + line, own_files=True)
    assert result.shows in shown.stdout, shown.stderr


def test_one_that_filters_what_it_delivers_is_no_finding_and_no_pass(brokers: Cloud) -> None:
    result = tenants(brokers, FILTERS)
    assert (result.outcome, result.reason) == (Outcome.NOT_ASSESSED, Reason.NOT_OBSERVABLE)
    assert "of its own did" in result.summary


@pytest.mark.skipif(PLUGIN is None, reason="mosquitto is without its dynamic security plugin")
def test_one_that_refuses_passes(brokers: Cloud) -> None:
    assert tenants(brokers, REFUSES, must_not_hear=["devices/device-2/#"]).outcome is Outcome.PASS


def test_a_wrong_password_says_nothing(brokers: Cloud) -> None:
    result = tenants(brokers, OPEN, password="another")
    assert (result.outcome, result.reason) == (Outcome.NOT_ASSESSED, Reason.UNREADABLE)


def test_without_the_grant_nobody_is_told_the_credential(brokers: Cloud) -> None:
    result = tenants(brokers, OPEN, "--no-default-creds")
    assert (result.outcome, result.reason) == (Outcome.NOT_ASSESSED, Reason.CONSENT)


def test_a_broker_that_nobody_vouches_for_is_not_told_it(brokers: Cloud) -> None:
    result = tenants(brokers, OPEN, trusted=False)
    assert (result.outcome, result.reason) == (Outcome.NOT_ASSESSED, Reason.NOT_OBSERVABLE)
    assert "told to nobody" in result.summary


def test_a_pin_vouches_for_its_certificate_alone(brokers: Cloud) -> None:
    der = (
        brokers.machine.run(
            "openssl", "x509", "-in", f"{brokers.folder}/{HOST}/cert.pem", "-noout", "-fingerprint", "-sha256"
        )
        .stdout.partition("=")[2]
        .strip()
    )
    assert tenants(brokers, OPEN, trusted=False, certificate_sha256=der).variant == "readable"
    assert "told to nobody" in tenants(brokers, OPEN, certificate_sha256="ab" * 32).summary


def test_a_credential_for_another_server_is_refused(brokers: Cloud) -> None:
    with pytest.raises(AssertionError, match="is no --backend of this scan"):
        tenants(brokers, OPEN, backend="broker.acme.example:8883")
