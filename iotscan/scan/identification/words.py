"""The words of a device that tell what it is: each with its kind, by which rules are chosen, and where it was read."""

import re
from collections.abc import Iterable, Iterator
from itertools import product
from typing import Final

import msgspec

from iotscan.model.facts import (
    AmqpBroker,
    Announcement,
    CertificateChain,
    Claim,
    DataStore,
    HttpServer,
    MqttBroker,
    OpenService,
    RtspServer,
    SnmpAgent,
    SshServer,
    TelnetServer,
)
from iotscan.model.observation import Observation

_CODE: Final = re.compile(r"(?:\d{3}[ -]|\+OK ?|\* (?:OK|PREAUTH) ?)")
"""What stands before the text of a greeting: FTP and SMTP, POP3, IMAP."""
_SSH_VERSION: Final = re.compile(r"SSH-[\d.]{1,8}-")
_GREETINGS: Final = {
    "ftp": "ftp.banner",
    "ftps": "ftp.banner",
    "smtp": "smtp.banner",
    "smtps": "smtp.banner",
    "pop3": "pop3.banner",
    "pop3s": "pop3.banner",
    "imap": "imap4.banner",
    "imaps": "imap4.banner",
    "rtsp": "rtsp_header.server",
    "rtsps": "rtsp_header.server",
    "ssh": "ssh.banner",
    "telnet": "telnet_banners",
}
_SOFTWARE: Final = {"ssdp": "ssdp.server", "upnp": "ssdp.server", "rtsp": "rtsp_header.server", "mqtt": "mqtt.version"}
_OTHERS: Final = {
    "vendor-class": "dhcp_vendor_class",
    "device-type": "device.type",
    "hap-category": "hap.category",
    "matter-device-type": "matter.device_type",
    "bacnet-device": "bacnet.device",
    "knx-address": "knx.address",
    "object-id": "snmp.sys_object_id",
    "service": "mdns.service",
}
"""What a claim is of, and the kind of words it is."""


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """A text of a device; ``family`` is who said it: words of one family are one source and never bear each other out.

    ``kind`` is a ``matches`` of recog where it has one for it: ``ssh.banner``, ``html_title`` …
    """

    kind: str
    text: str
    where: str
    family: str
    service: str = ""
    of: tuple[str, ...] = ()
    """The statements that it was put together from."""


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """What a device states of itself in a field made for that: ``what`` is ``vendor``, ``model`` or ``firmware``."""

    what: str
    text: str
    where: str
    family: str


_WORDS_LIMIT: Final = 500
_STATEMENTS_LIMIT: Final = 60
_STATED_LIMIT: Final = 6
"""Makers and models of one family that are put together."""
_STATED: Final = {"manufacturer": "vendor", "model": "model", "firmware": "firmware"}


def words_of(observations: Iterable[Observation]) -> tuple[Word, ...]:
    """Every text that a rule may know, without repeats, in a stable order; of a device that floods, the first."""
    words = (word for o in observations for word in _words(o))
    return tuple(dict.fromkeys(w for w in words if w.text))[:_WORDS_LIMIT]


def statements_of(claims: Iterable[Claim]) -> tuple[Statement, ...]:
    """What a device states of itself, without repeats; of a device that floods, the first."""
    said = dict.fromkeys(
        Statement(what=_STATED[c.what], text=c.value, where=c.how, family=_family(c.how))
        for c in claims
        if c.what in _STATED and c.value
    )
    return tuple(said)[:_STATEMENTS_LIMIT]


def stated_models(statements: Iterable[Statement]) -> Iterator[Word]:
    """What makers and models each family states, alone and ``MAKER MODEL``: rules know what kind of thing that is.

    One address may hold several that describe themselves, and nothing says which maker made which model.
    """
    families: dict[str, dict[str, dict[str, str]]] = {}
    for said in statements:
        families.setdefault(said.family, {}).setdefault(said.what, {}).setdefault(said.text, said.where)
    for family, said_of in families.items():
        makers = tuple(said_of.get("vendor", {}).items())[:_STATED_LIMIT]
        models = tuple(said_of.get("model", {}).items())[:_STATED_LIMIT]
        for text, where in (*makers, *models):
            yield Word(kind="stated.model", text=text, where=where, family=family, of=(text,))
        for (maker, _), (model, where) in product(makers, models):
            text = model if model.lower().startswith(maker.lower()) else f"{maker} {model}"
            yield Word(kind="stated.model", text=text, where=where, family=family, of=(maker, model))


def _words(observation: Observation) -> Iterator[Word]:
    service = observation.subject.service
    match observation.fact:
        case OpenService() as fact:
            yield from _greeting(fact, service)
        case SshServer(software=software):
            yield _word("ssh.banner", software, "ssh banner", service)
        case TelnetServer(banner=banner):
            yield _word("telnet_banners", banner, "telnet banner", service)
        case HttpServer() as page:
            yield from _page(page, service)
        case RtspServer(challenges=challenges):
            for challenge in challenges:
                text = f'{challenge.scheme.capitalize()} realm="{challenge.realm}"'
                yield _word("http_header.wwwauth", text, "rtsp realm", service)
        case SnmpAgent(description=description, object_id=object_id):
            yield _word("snmp.sys_description", description, "snmp sysDescr", service)
            yield _word("snmp.sys_object_id", object_id, "snmp sysObjectID", service)
        case MqttBroker(broker=text):
            yield _word("mqtt.version", text, "mqtt $SYS", service)
        case AmqpBroker(product=product_name, version=version):
            yield _word("amqp.product", f"{product_name} {version}".strip(), "amqp Connection.Start", service)
        case DataStore(system=system, version=version) if version:
            yield _word("data_store.version", f"{system} {version}", f"{system} version", service)
        case CertificateChain(certificates=(leaf, *_)):
            yield _word("x509.subject", leaf.subject, "certificate subject", service)
        case Announcement(claims=claims):
            yield from (word for claim in claims for word in _claim(claim))


def _word(kind: str, text: str, what: str, service: str) -> Word:
    where = f"{what} on {service}" if service else what
    return Word(kind=kind, text=text, where=where, family=what.partition(" ")[0], service=service)


def _greeting(fact: OpenService, service: str) -> Iterator[Word]:
    if kind := _GREETINGS.get(fact.protocol):
        prefix = _SSH_VERSION if fact.protocol == "ssh" else _CODE
        found = prefix.match(fact.banner)
        text = fact.banner[found.end() :] if found else fact.banner
        yield _word(kind, text, f"{fact.protocol.removesuffix('s') if kind != 'ssh.banner' else 'ssh'} banner", service)


def _page(page: HttpServer, service: str) -> Iterator[Word]:
    yield _word("http_header.server", page.server, "http Server", service)
    yield _word("html_title", page.title, "http title", service)
    for challenge in page.challenges:
        text = f'{challenge.scheme.capitalize()} realm="{challenge.realm}"'
        yield _word("http_header.wwwauth", text, "http realm", service)
    for cookie in page.cookies:
        yield _word("http_header.cookie", f"{cookie.name}=", "http cookie", service)


def _claim(claim: Claim) -> Iterator[Word]:
    family = _family(claim.how)
    kind = _SOFTWARE.get(family, "") if claim.what == "software" else _OTHERS.get(claim.what, "")
    if kind:
        yield Word(kind=kind, text=claim.value, where=claim.how, family=family)
    elif claim.what == "model" and family == "mdns":
        yield Word(kind="mdns.device-info.txt", text=f"model={claim.value}", where=claim.how, family=family)
    elif claim.what == "name" and family == "mdns":
        # The type of a service that a name was announced for: "mdns _ipp._tcp".
        kind_of_service = claim.how.removeprefix("mdns ").strip()
        if kind_of_service.startswith("_"):
            yield Word(kind="mdns.service", text=kind_of_service, where="mdns", family="mdns")


def _family(how: str) -> str:
    """``ssdp`` of ``ssdp description``; both names of one protocol are one source."""
    first = how.partition(" ")[0].lower()
    return {"upnp": "ssdp", "dns-sd": "mdns"}.get(first, first)
