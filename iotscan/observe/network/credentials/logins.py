"""How each protocol takes credentials, and when what it refused is no verdict."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

import msgspec

from iotscan.data.credential_records import CredentialRecord, Protocol
from iotscan.model.facts import AmqpBroker, DefaultLogin, HttpServer, MqttBroker, RtspServer, SnmpAgent, kind_of
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.credentials.amqp_login import AmqpLogin
from iotscan.observe.network.credentials.form_login import FormLogin
from iotscan.observe.network.credentials.ftp_login import FtpLogin
from iotscan.observe.network.credentials.mqtt_login import MqttLogin
from iotscan.observe.network.credentials.reaction import Login
from iotscan.observe.network.credentials.redis_login import RedisLogin
from iotscan.observe.network.credentials.rtsp_login import RtspLogin
from iotscan.observe.network.credentials.snmp_login import SnmpLogin
from iotscan.observe.network.credentials.ssh_login import SshLogin
from iotscan.observe.network.credentials.telnet_login import TelnetLogin
from iotscan.observe.network.credentials.web_login import WebLogin
from iotscan.observe.network.probe import Door, Missed

SPOKEN: Final[Mapping[str, Protocol]] = MappingProxyType(
    {
        "http": "http",
        "https": "http",
        "telnet": "telnet",
        "ssh": "ssh",
        "mqtt": "mqtt",
        "mqtts": "mqtt",
        "ftp": "ftp",
        "ftps": "ftp",
        "snmp": "snmp",
        "rtsp": "rtsp",
        "rtsps": "rtsp",
        "amqp": "amqp",
        "amqps": "amqp",
        "redis": "redis",
        "rediss": "redis",
    }
)
"""The protocol of a service, and of the records that hold for it."""
_CHOSEN: Final = 8
_CHALLENGED: Final = frozenset({"basic", "digest"})


def login_of(door: Door, records: Sequence[CredentialRecord]) -> Login:
    """How the service behind ``door`` takes credentials; ``records`` are those that hold for it, one at least."""
    own = [fact for service, fact in door.known if service == door.service.name]
    match SPOKEN[door.service.protocol]:
        case "telnet":
            return TelnetLogin(door)
        case "ssh":
            return SshLogin(door)
        case "mqtt":
            return MqttLogin(door, next((fact for fact in own if isinstance(fact, MqttBroker)), None))
        case "ftp":
            return FtpLogin(door)
        case "snmp":
            return SnmpLogin(door, next((fact.version for fact in own if isinstance(fact, SnmpAgent)), ""))
        case "rtsp":
            return RtspLogin(door, next((f.path for f in own if isinstance(f, RtspServer) and f.path), "/"))
        case "amqp":
            listed = (fact.mechanisms for fact in own if isinstance(fact, AmqpBroker))
            return AmqpLogin(door, next(listed, ()))
        case "redis":
            return RedisLogin(door, with_user=any(pair.user for record in records for pair in record.pairs))
        case _:
            page = next((fact for fact in own if isinstance(fact, HttpServer)), None)
            return WebLogin(door, records[0].path, has_form=_shows_form(page) and records[0].path == "/")


def _shows_form(page: HttpServer | None) -> bool:
    return page is not None and page.has_login_form and not {c.scheme for c in page.challenges} & _CHALLENGED


def qualified(outcome: DefaultLogin | Missed, login: Login) -> DefaultLogin | Missed:
    """The outcome, unless it is a refusal that proves nothing; what only the way of asking can tell is added."""
    if isinstance(outcome, Missed):
        if isinstance(login, SnmpLogin) and outcome.reason is Reason.UNREACHABLE:
            # Nobody has knocked before: an ICMP refusal is the answer that there is no agent.
            return Missed(need=outcome.need, status=AttemptStatus.ABSENT, detail="the port is closed")
        return outcome
    if isinstance(login, SnmpLogin) and outcome.outcome == "rejected":
        detail = "no answer to the documented communities: closed, filtered or another community"
        return _unproved(AttemptStatus.TIMED_OUT, Reason.TIMEOUT, detail)
    if isinstance(login, RtspLogin | WebLogin):
        outcome = msgspec.structs.replace(outcome, path=login.path)
    if isinstance(login, WebLogin) and login.is_form:
        if outcome.outcome == "rejected" and login.form.may_differ:
            detail = "refused as its page is written, but a script on that may send something else"
            return _unproved(AttemptStatus.UNREADABLE, Reason.NOT_OBSERVABLE, detail)
        return _with_form(outcome, login.form)
    return outcome


def _with_form(outcome: DefaultLogin, login: FormLogin) -> DefaultLogin:
    """The outcome with what was sent where, so that a person can send it again."""
    if login.form is None:
        return outcome
    chosen = [f"{name}={value}" for name, value in login.form.chosen[:_CHOSEN]]
    return msgspec.structs.replace(
        outcome,
        action=safe_text(login.action, 300),
        fields=(safe_text(login.form.user, 100), safe_text(login.form.password, 100)),
        chosen=tuple(safe_text(each, 200) for each in chosen),
    )


def _unproved(status: AttemptStatus, reason: Reason, detail: str) -> Missed:
    return Missed(need=kind_of(DefaultLogin), status=status, reason=reason, detail=detail)
