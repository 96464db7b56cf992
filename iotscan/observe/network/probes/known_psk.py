"""Whether a server takes a pre-shared key that stands in public examples. Only with the grant ``intrusive``.

A key is tried by finishing a handshake with it, in TLS 1.2 or DTLS 1.2; nothing is said inside. External keys of
TLS 1.3 are not tried: its servers pass over what they do not know, and seldom hold one.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Final

from iotscan.data.known_psks import KnownKey, Transport, read_known_psks
from iotscan.model.facts import KnownPsk, TlsEndpoint
from iotscan.model.rehearsal import PlannedLogin
from iotscan.model.vocabulary import Reason
from iotscan.observe.network.credentials.psk_talk import over_datagrams, over_stream, still_answers
from iotscan.observe.network.credentials.psk_trial import Trial, likeliest, not_tried
from iotscan.observe.network.credentials.whose import tried_at
from iotscan.observe.network.probe import HAVE_TLS, Door, Heard, Missed, Probe

_SPOKEN: Final = ("TLSv1.2", "DTLSv1.2")


def may_take_keys(tls: TlsEndpoint) -> bool:
    """True unless it is settled that no pre-shared-key suite is accepted."""
    return any(not answer.is_answered or answer.value for answer in (tls.plain_psk, tls.psk_forward_secrecy))


async def ask_known_psk(door: Door) -> Heard:
    """Try what examples document.

    Takes from ``door.tools``: ``ledger`` (see ``iotscan.store.ledger``), ``login_gap`` (seconds between two tries) and,
    in a dry run, ``rehearse``, which is told what would be tried.
    """
    outcome = await _examine(door)
    if isinstance(outcome, Missed):
        return Heard(missed=(outcome,))
    what = f"accepts {outcome.accepted}" if outcome.accepted else "accepts any" if outcome.takes_any else "refused"
    return Heard(facts=(outcome,), excerpt=f"{what} after {outcome.tried} documented keys")


async def _examine(door: Door) -> KnownPsk | Missed:
    tls = next(f for name, f in door.known if name == door.service.name and isinstance(f, TlsEndpoint))
    if reason := _unsettled(tls):
        return reason
    is_dtls = door.service.transport == "udp"
    transport: Transport = "dtls" if is_dtls else "tls"

    async def answers() -> bool:
        return await still_answers(door)

    def choose(hint: str) -> tuple[KnownKey, ...]:
        return likeliest(_records(), transport=transport, hint=hint, known=(fact for _, fact in door.known))

    if rehearse := door.tools.get("rehearse"):
        return _rehearsed(door, choose(""), rehearse)
    return await Trial(
        over_datagrams(door) if is_dtls else over_stream(door),
        choose,
        device=tried_at(door),
        account=f"psk {door.service.name}",
        ledger=door.tools["ledger"],
        gap=door.tools["login_gap"],
        answers=answers if is_dtls else None,
    ).run()


def _rehearsed(door: Door, keys: Sequence[KnownKey], rehearse: Callable[[PlannedLogin], None]) -> Missed:
    """Tell what would be tried, as far as it is known without the server's hint."""
    planned = PlannedLogin(
        device=door.address,
        service=door.service.name,
        protocol="pre-shared key",
        product="public examples, what the server hints at first",
        records=tuple(key.id for key in keys),
        accounts=tuple(key.identity for key in keys),
        most_tries=len(keys) + 1,
        sources=tuple(dict.fromkeys(s for key in keys for s in key.sources)),
    )
    rehearse(planned)
    return not_tried(Reason.CONSENT, f"a dry run: {len(keys)} documented keys would be tried")


def _unsettled(tls: TlsEndpoint) -> Missed | None:
    """Why nothing is to be tried although it is not settled that no key is taken."""
    asked = (tls.plain_psk, tls.psk_forward_secrecy)
    if not any(answer.known for answer in asked):
        gap = next(answer for answer in asked if not answer.is_answered)
        return not_tried(gap.reason or Reason.NOT_OBSERVABLE, f"whether it takes keys at all: {gap.detail}")
    selected = [s for s in tls.selected if "PSK" in s.name]
    if selected and not any(s.version in _SPOKEN for s in selected):
        versions = ", ".join(dict.fromkeys(s.version for s in selected))
        return not_tried(Reason.NOT_OBSERVABLE, f"takes keys in {versions}; they are tried in TLS 1.2 and DTLS 1.2")
    return None


@cache
def _records() -> tuple[KnownKey, ...]:
    return read_known_psks()


PROBE = Probe(
    name="known-psk",
    version=1,
    speaks=HAVE_TLS | {"coaps"},
    gives=(KnownPsk,),
    ask=ask_known_psk,
    # After what only asks: a server that takes offence shall do so last.
    stage=4,
    grant="intrusive",
    wants=(TlsEndpoint,),
    after=TlsEndpoint,
    where=may_take_keys,
)
