"""``--dry-run``: which logins a scan with ``--default-creds`` would try, and none of them tried."""

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from iotscan.cli.output import Display, Wanted
from iotscan.cli.pipe import while_somebody_listens
from iotscan.model.errors import BadInput
from iotscan.model.facts import DefaultLogin, KnownPsk, kind_of
from iotscan.model.rehearsal import PlannedLogin
from iotscan.model.run import Run
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.report.words import counted, typewritten
from iotscan.store.runs import write_report

if TYPE_CHECKING:
    from iotscan.cli.launch import Wish

SCHEMA: Final = "iotscan/dry-run@1"
_FORMATS: Final = ("text", "json")
_KINDS: Final = (kind_of(DefaultLogin), kind_of(KnownPsk))


class LeftAlone(msgspec.Struct, frozen=True, kw_only=True):
    """A service with a login that would see no try, and why."""

    device: str
    service: str
    reason: str


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """The document of a dry run."""

    schema: str = SCHEMA
    run: str
    tries: tuple[PlannedLogin, ...]
    left_alone: tuple[LeftAlone, ...]


def check_rehearsal(wish: "Wish", wanted: Sequence[Wanted], display: Display) -> None:
    """Raise BadInput for a dry run that makes no sense."""
    if not (wish.default_creds or wish.intrusive):
        raise BadInput("--dry-run tells which logins would be tried: give --default-creds (or --intrusive) with it")
    if other := next((w.format for w in wanted if w.format not in _FORMATS), ""):
        raise BadInput(f"a dry run is told as text or as json, not as {other[:40]}")
    if display.redact != "standard":
        raise BadInput("a dry run tells who would be asked: --redact has no part in it")


def tell_rehearsal(run: Run, planned: Sequence[PlannedLogin], wanted: Sequence[Wanted], display: Display) -> None:
    """Write what would be tried: as text to standard output, and in the formats that were asked for."""
    told = Told(run=run.id, tries=tuple(planned), left_alone=tuple(_left_alone(run)))
    words = {"text": _text(told, ascii=display.ascii), "json": _json(told)}
    for one in wanted:
        if one.path is not None:
            write_report(one.path, words[one.format].encode())
    payload = next((w.format for w in wanted if w.path is None), "text")
    with while_somebody_listens():
        sys.stdout.write(words[payload])
        sys.stdout.flush()


def _left_alone(run: Run) -> Iterator[LeftAlone]:
    for attempt in run.attempts:
        # Consent is what a dry run withholds; where nothing answers, there is nothing to leave alone.
        is_told = attempt.status in (AttemptStatus.OBSERVED, AttemptStatus.ABSENT) or attempt.reason is Reason.CONSENT
        if attempt.need in _KINDS and not is_told:
            yield LeftAlone(device=attempt.subject.address, service=attempt.subject.service, reason=attempt.detail)


def _json(told: Told) -> str:
    return msgspec.json.format(msgspec.json.encode(told), indent=2).decode() + "\n"


def _text(told: Told, *, ascii: bool) -> str:
    count = counted(len(told.tries), "service")
    lines = [f"{count} would see logins tried:" if told.tries else "No login would be tried."]
    for each in told.tries:
        accounts = ", ".join(account or "(no user)" for account in each.accounts)
        lines += [
            f"  {each.device} {each.service} {each.protocol}: {each.product}",
            *((f"    records  {', '.join(each.records)}",) if each.records else ()),
            f"    accounts {accounts}; at most {each.most_tries} tries, made-up users among them",
            *(f"    source   {source}" for source in each.sources),
        ]
    if told.left_alone:
        lines += ["Left alone:", *(f"  {each.device} {each.service}: {each.reason}" for each in told.left_alone)]
    lines.append("Nothing was tried, and nothing noted in the ledger of tries.")
    text = "\n".join(lines) + "\n"
    return typewritten(text) if ascii else text
