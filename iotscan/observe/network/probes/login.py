"""Whether a service accepts its product's documented default login. Only with the grant ``default_creds``."""

from collections.abc import Sequence
from typing import Final

import msgspec

from iotscan.data.credential_records import CredentialRecord, Protocol
from iotscan.model.facts import DefaultLogin, HttpServer, MqttBroker, SnmpAgent, SshServer, TelnetServer, kind_of
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.credentials.engine import Examination, not_tried
from iotscan.observe.network.credentials.http_login import HttpLogin
from iotscan.observe.network.credentials.mqtt_login import MqttLogin
from iotscan.observe.network.credentials.products import records_for
from iotscan.observe.network.credentials.reaction import Login
from iotscan.observe.network.credentials.ssh_login import SshLogin
from iotscan.observe.network.credentials.telnet_login import TelnetLogin
from iotscan.observe.network.credentials.whose import tried_at
from iotscan.observe.network.probe import Door, Heard, Missed, Probe, speaks_tls

_PROTOCOLS: Final[dict[str, Protocol]] = {
    "http": "http",
    "https": "http",
    "telnet": "telnet",
    "ssh": "ssh",
    "mqtt": "mqtt",
    "mqtts": "mqtt",
}


async def ask_login(door: Door) -> Heard:
    """Try what the product's records document.

    Takes from ``door.tools``: ``credential_records`` (a tuple of CredentialRecord), ``ledger`` (see
    ``iotscan.store.ledger``) and ``login_gap`` (seconds between two tries).
    """
    outcome = await _examine(door)
    if isinstance(outcome, Missed):
        return Heard(missed=(outcome,))
    return Heard(facts=(outcome,), excerpt=f"{outcome.outcome} after {outcome.tries} tries")


async def _examine(door: Door) -> DefaultLogin | Missed:
    protocol = _PROTOCOLS[door.service.protocol]
    records = records_for(door, protocol, door.tools["credential_records"])
    if settled := _settled(door, protocol, records):
        return settled
    if not records:
        return not_tried(Reason.NOT_OBSERVABLE, "no documented default login is known for this product")
    examination = Examination(
        _login(door, protocol, records[0]),
        records,
        device=tried_at(door),
        ledger=door.tools["ledger"],
        gap=door.tools["login_gap"],
    )
    outcome = await examination.run()
    if isinstance(outcome, Missed):
        return outcome
    return msgspec.structs.replace(outcome, tls=speaks_tls(door.service), path=records[0].path)


def _settled(door: Door, protocol: Protocol, records: Sequence[CredentialRecord]) -> DefaultLogin | Missed | None:
    """What the facts at hand already settle, so that nothing need be sent."""
    for service, fact in door.known:
        if service != door.service.name:
            continue
        match fact:
            case TelnetServer(asks="shell"):
                return DefaultLogin(protocol=protocol, outcome="open")
            case MqttBroker() if fact.anonymous.known:
                return DefaultLogin(protocol=protocol, outcome="open")
            case HttpServer():
                return _settled_by_page(fact, records)
    return None


def _settled_by_page(page: HttpServer, records: Sequence[CredentialRecord]) -> Missed | None:
    if page.redirects_to_https:
        return _asks_for_none("it redirects to https: asks for no login here")
    if records and records[0].path != "/":
        return None
    schemes = {challenge.scheme for challenge in page.challenges}
    if page.has_login_form and not schemes & {"basic", "digest"}:
        return not_tried(Reason.NOT_OBSERVABLE, "login form: only HTTP Basic and Digest are tried")
    if 200 <= page.status < 300 and not page.asks_credentials and not records:
        if page.has_script:
            return not_tried(Reason.NOT_OBSERVABLE, "the front page shows no login; a script on it may build one")
        return _asks_for_none("asks for no login")
    return None


def _asks_for_none(detail: str) -> Missed:
    return Missed(need=kind_of(DefaultLogin), status=AttemptStatus.ABSENT, detail=detail)


def _login(door: Door, protocol: Protocol, record: CredentialRecord) -> Login:
    match protocol:
        case "http":
            return HttpLogin(door, record.path)
        case "telnet":
            return TelnetLogin(door)
        case "ssh":
            return SshLogin(door)
        case "mqtt":
            return MqttLogin(door)
        case _:
            raise ValueError(f"no way to log in by {protocol} yet")


def _is_refused(login: DefaultLogin) -> bool:
    """A login that was open may have been mended since."""
    return login.outcome == "rejected"


PROBE = Probe(
    name="login",
    version=1,
    speaks=frozenset(_PROTOCOLS),
    gives=(DefaultLogin,),
    ask=ask_login,
    # Before the update walk: what the user granted must not starve when the device's budget runs out.
    stage=3,
    grant="default_creds",
    wants=(HttpServer, MqttBroker, SnmpAgent, SshServer, TelnetServer),
    holds_on=_is_refused,
)
