"""What the DNS says of the names of back ends, asked of one resolver once a server is done."""

import re
import time
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Final

from iotscan.model.device import Service, provisional_id
from iotscan.model.errors import BadInput
from iotscan.model.facts import NameRecords, kind_of
from iotscan.model.observation import observe
from iotscan.model.scope import BackEnd, Pace, Scope, canonical
from iotscan.model.subject import Subject
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.heard import Heard, Missed, attempts_of
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.failures import DialError
from iotscan.observe.network.name_records import LABEL, PORT, ask_records
from iotscan.observe.network.outgoing import SendLog, asking
from iotscan.observe.network.probe import HAVE_TLS, missed
from iotscan.observe.network.unit import Unit

UNIT: Final = "name-records"
_CONFIGURED: Final = Path("/etc/resolv.conf")
_PACE: Final = Pace(attempts_per_second=20.0, connections=1024, datagrams=2048, device_timeout=86_400.0)
"""A resolver answers thousands; it is asked in turn all the same."""
_NO_RESOLVER: Final = "no resolver of this machine is known: name one with --resolver"


def system_resolver(path: Path = _CONFIGURED) -> str:
    """The first resolver of this machine (resolv.conf(5)); empty where none is written there."""
    try:
        text = path.read_text("utf-8", "replace")
    except OSError:
        return ""
    for word in re.findall(r"^nameserver[ \t]+(\S+)", text, re.MULTILINE):
        try:
            return str(canonical(word))
        except ValueError:
            continue
    return ""


def read_resolver(word: str) -> str:
    """The resolver that the user named, else that of this machine. Raises BadInput for what is no address."""
    if not word:
        return system_resolver()
    try:
        return str(canonical(word))
    except ValueError as error:
        raise BadInput(f"--resolver '{safe_text(word, 60)}' is no address: write it like 192.0.2.53") from error


class NameLookup:
    """Asks for the records of each back end that has a name; ``kinds`` are those of facts that checks need."""

    def __init__(self, scope: Scope, resolver: str, names: Mapping[str, str], log: SendLog, kinds: Collection[str]):
        self._names = names
        self._resolver = resolver
        self._is_wanted = kind_of(NameRecords) in kinds
        self._dialer = Dialer(_scope_of(scope, resolver), log) if resolver else None

    async def unit(self, address: str, services: Iterable[Service]) -> Unit:
        """What is known of the name of a back end, as a unit of its survey."""
        began = time.monotonic()
        with asking(LABEL):
            heard = await self._heard(address, services)
        subject = Subject(device=provisional_id(address), address=address)
        at = datetime.now(UTC).isoformat(timespec="seconds")
        seen = tuple(observe(fact, subject, probe=LABEL, at=at) for fact in heard.facts)
        spent = round(time.monotonic() - began, 3)
        attempts = attempts_of((NameRecords,), heard, seen, subject, probe=LABEL, seconds=spent)
        return Unit(address=address, name=UNIT, observations=seen, attempts=attempts)

    async def _heard(self, address: str, services: Iterable[Service]) -> Heard:
        name = self._names.get(address, address)
        if name == address:
            return Heard()
        if not self._is_wanted:
            return _not_tried(Reason.EXCLUDED, "no check of this run asked for it")
        if self._dialer is None:
            return _not_tried(Reason.NOT_OBSERVABLE, _NO_RESOLVER)
        ports = sorted(s.port for s in services if s.transport == "tcp" and s.protocol in HAVE_TLS)
        try:
            return await ask_records(self._dialer.line(self._resolver), name, address, ports)
        except DialError as error:
            return Heard(missed=(missed(NameRecords, error),))


def _scope_of(scope: Scope, resolver: str) -> Scope:
    """The resolver at its port alone, within the window of the scope file and outside of what it forbids."""
    only = BackEnd(word=resolver, name=resolver, address=resolver, port=PORT)
    return Scope(
        include=(str(ip_network(ip_address(resolver))),),
        exclude=scope.exclude,
        pace=_PACE,
        authority=scope.authority,
        mandate=scope.mandate,
        backends=(only,),
    )


def _not_tried(reason: Reason, detail: str) -> Heard:
    need = kind_of(NameRecords)
    return Heard(missed=(Missed(need=need, status=AttemptStatus.NOT_TRIED, reason=reason, detail=detail),))
