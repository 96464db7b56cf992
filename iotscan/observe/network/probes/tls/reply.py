"""What became of one hello: a selection, a refusal, or neither and why."""

from functools import cached_property
from typing import Literal

import msgspec

from iotscan.model.facts.tls import DTLS_VERSIONS, EVERY_VERSION
from iotscan.model.vocabulary import Reason
from iotscan.observe.network import hellos
from iotscan.observe.network.hellos import Said
from iotscan.wire.tls import sslv2
from iotscan.wire.tls.alerts import CLOSE_NOTIFY, INTERNAL_ERROR, REFUSALS, alert_name
from iotscan.wire.tls.answer import ServerAnswer
from iotscan.wire.tls.flight import Flight
from iotscan.wire.tls.framing import ALERT, HANDSHAKE
from iotscan.wire.tls.groups import group_name
from iotscan.wire.tls.hello import DEFLATE, Offer
from iotscan.wire.tls.suites import SUITES, suite_name


class Reply(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """What one hello was answered with.

    A refusal is ``is_doubtful`` when it may have another cause: a bare close, an internal error. ``version`` and
    ``suite`` are those that were selected, ``flight`` is all that came.
    """

    kind: Literal["selected", "refused", "open"]
    flight: Flight = Flight()
    is_doubtful: bool = False
    speaks_tls: bool = False
    speaks_other: bool = False
    """True only where words came, and were no TLS: a lost or flooded connection says nothing of that."""
    reason: Reason | None = None
    detail: str = ""

    @cached_property
    def is_selected(self) -> bool:
        """True when the server selected something that was offered."""
        return self.kind == "selected"

    @cached_property
    def version(self) -> str:
        """The version that was selected; empty where none was."""
        return self.flight.answer.version if self.is_selected and self.flight.answer else ""

    @cached_property
    def suite(self) -> int:
        """The suite that was selected; 0 where none was."""
        return self.flight.answer.suite if self.is_selected and self.flight.answer else 0

    @cached_property
    def extensions(self) -> tuple[int, ...]:
        """The extensions that the server answered."""
        return self.flight.answer.extensions if self.is_selected and self.flight.answer else ()

    @property
    def alert(self) -> int:
        """The description of the alert that refused; -1 where none did."""
        answer = self.flight.answer
        return answer.description if answer is not None and answer.kind == "alert" else -1


def unread(reason: Reason, detail: str, *, speaks_tls: bool = False, flight: Flight | None = None) -> Reply:
    """A reply that proves nothing."""
    return Reply(kind="open", reason=reason, detail=detail, speaks_tls=speaks_tls, flight=flight or Flight())


def judge(said: Said, offer: Offer) -> Reply:
    """What a reply to an offer proves. A selection of what was never offered proves nothing."""
    if said.error is not None:
        return unread(said.error.reason or Reason.UNREACHABLE, str(said.error))
    flight = said.flight
    if flight.answer is None:
        return _judge_silence(said, offer)
    if offer.version == sslv2.VERSION:
        return _judge_sslv2(flight, offer)
    if flight.answer.kind == "not_tls":
        return _judge_noise(said)
    if flight.answer.kind == "alert":
        return _judge_alert(flight, offer)
    wrong = _never_offered(flight, flight.answer, offer)
    if wrong:
        return unread(Reason.UNREADABLE, wrong, speaks_tls=True)
    return Reply(kind="selected", flight=flight, speaks_tls=True)


def _judge_silence(said: Said, offer: Offer) -> Reply:
    if said.stop in ("closed", "reset"):
        detail = "closed the connection" if said.stop == "closed" else "reset the connection"
        return Reply(kind="refused", is_doubtful=True, detail=detail)
    if said.stop == "too_much":
        return unread(Reason.UNREADABLE, "said more than we read, and decided nothing", speaks_tls=True)
    if said.stop == "dropped":
        detail = f"took a {offer.version} hello with its cookie, gave no answer and asked for another cookie"
        return unread(Reason.UNREADABLE, detail, speaks_tls=True)
    detail = f"no answer to a {offer.version} hello in {hellos.PATIENCE:g} s"
    return unread(Reason.TIMEOUT, detail, speaks_tls=bool(said.heard))


def _judge_sslv2(flight: Flight, offer: Offer) -> Reply:
    answer = flight.answer
    if answer is None or answer.kind != "server_hello" or answer.version != sslv2.VERSION:
        # Whatever else it says to this hello, it does not speak SSL 2.0.
        return Reply(kind="refused", flight=flight, detail="answered an SSLv2 hello in no SSLv2", speaks_tls=True)
    if any(kind not in offer.suites for kind in answer.kinds):
        return unread(Reason.UNREADABLE, "selected an SSLv2 cipher kind that was not offered", speaks_tls=True)
    return Reply(kind="selected", flight=flight, speaks_tls=True)


def _judge_noise(said: Said) -> Reply:
    data = said.start
    is_tls = data[:1] in (bytes([ALERT]), bytes([HANDSHAKE])) and data[1:2] in (b"\x03", b"\xfe")
    detail = "answered with broken TLS" if is_tls else "answered in something other than TLS"
    return Reply(kind="open", reason=Reason.UNREADABLE, detail=detail, speaks_tls=is_tls, speaks_other=not is_tls)


def _judge_alert(flight: Flight, offer: Offer) -> Reply:
    description = flight.answer.description if flight.answer else 0
    name = alert_name(description)
    if description in REFUSALS:
        return Reply(kind="refused", flight=flight, detail=name, speaks_tls=True)
    if description in (CLOSE_NOTIFY, INTERNAL_ERROR):
        # OpenSSL says internal_error where its security level leaves an old version no suite.
        return Reply(kind="refused", is_doubtful=True, flight=flight, detail=name, speaks_tls=True)
    detail = f"answered a {offer.version} hello with {name}"
    return unread(Reason.UNREADABLE, detail, speaks_tls=True, flight=flight)


def _never_offered(flight: Flight, answer: ServerAnswer, offer: Offer) -> str:
    """What of a selection was never offered; empty where all of it was."""
    is_foreign = (answer.version in DTLS_VERSIONS) != offer.is_dtls
    if is_foreign or EVERY_VERSION.index(answer.version) > EVERY_VERSION.index(offer.version):
        return f"selected {answer.version}, which was not offered"
    if answer.suite not in offer.suites:
        return f"selected {suite_name(answer.suite)}, which was not offered"
    if not SUITES[answer.suite].fits(answer.version):
        return f"selected {suite_name(answer.suite)}, which {answer.version} does not have"
    if answer.compression not in ((0, DEFLATE) if offer.compression else (0,)):
        return "selected a compression that was not offered"
    group = answer.group or (flight.exchange.group if flight.exchange else 0)
    names_groups = bool(offer.groups) and not offer.is_bare and answer.version != "SSLv3"
    if group and names_groups and group not in offer.groups:
        return f"exchanges keys over {group_name(group)}, which was not offered"
    if answer.kind == "hello_retry" and group in offer.shares:
        return f"asks again for a key share of {group_name(group)}, which it was sent"
    return ""
