"""What a scope file says, in words: its template, its meaning, its verdict on targets."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import anyio
import msgspec

from iotscan.data.scope_file import PLACEHOLDER, SCHEMA, Loaded, read_scope
from iotscan.model.scope import Fence, Mandate, Pace, Scope, canonical, utc_now
from iotscan.scan.targets import BadTarget, Resolver, expand_words, read_targets

_TEMPLATE = """\
# A scope file for iotscan: by whose authority a scan may touch what, when, and how hard.
# Fill it in with whoever authorises the test, then: iotscan scope check --scope THIS-FILE
# iotscan keeps to all of it at every packet, and refuses a file that it cannot keep.
schema: {schema}
engagement: "{engagement}"          # typed to confirm grants; stands in every report
client: {{name: "{fill}", contact: ""}}
assessor: {{name: "{fill}", people: []}}
authorization:
  authorized_by: "{fill}"           # a person who may say yes: name, position
  reference: "{fill}"               # the document that says so: number, date
  document_sha256: ""               # its hash, if you have the file: sha256sum FILE
window:                             # nothing is sent outside of it, even where a scan is under way
  not_before: {begins}
  not_after: {ends}
expires: {expires}                 # the last day of this file, at most 90 days after the window opens
in_scope:{none}                           # cidr, ip or range; ports: [443, 8000-8100] narrows one to these
{networks}out_of_scope: []                    # wins over in_scope: [{{ip: 192.0.2.66, reason: medical device}}]
permissions:                        # a grant needs its option as well, such as --default-creds
  active_probe: true
  default_credentials: {{allowed: false, max_attempts_per_account: 1}}   # at most 3 in 24 hours
  intrusive: false                  # what may disturb a device, pre-shared keys of public examples, and counting for
                                    # two seconds the messages that an open MQTT broker lets anybody hear
  fetch_revocation: false           # CRLs and OCSP responses, from where certificates say as far as that is in scope;
                                    # host names in certificates are looked up for it
  # Servers that devices talk to, asked with --backend: by name, or as broker.example.com:8883 at that port alone.
  backends: {backends}
rates:                              # a device sees at most this; iotscan's own limits hold where they are lower
  attempts_per_second: {pace.attempts_per_second:g}
  accepted_per_second: {pace.accepted_per_second:g}
  connections: {pace.connections}
emergency_contact: ""
"""


def template(networks: Sequence[str], engagement: str, now: datetime, backends: Sequence[str] = ()) -> str:
    """A scope file to fill in, its window the week to come."""
    begins = now.replace(minute=0, second=0, microsecond=0)
    ends = begins + timedelta(days=7)
    servers = ", ".join(f'"{server}"' for server in backends)
    listed = "".join(f'  - {{cidr: "{n}", note: ""}}\n' for n in networks or (() if backends else (PLACEHOLDER,)))
    return _TEMPLATE.format(
        schema=SCHEMA,
        engagement=engagement or PLACEHOLDER,
        fill=PLACEHOLDER,
        begins=begins.isoformat(),
        ends=ends.isoformat(),
        expires=ends.date().isoformat(),
        networks=listed,
        none="" if listed else " []",
        backends=f"[{servers}]",
        pace=Pace(),
    )


def in_words(loaded: Loaded, now: datetime) -> Iterator[str]:
    """What a scope file means, a line a thing."""
    mandate = loaded.mandate
    yield f"engagement     {mandate.engagement}, for {mandate.client}, by {mandate.assessor}"
    yield f"authorised by  {mandate.authorized_by} ({mandate.reference})"
    if mandate.document_sha256:
        yield f"document       sha256 {mandate.document_sha256}"
    yield f"window         {mandate.not_before} to {mandate.not_after}: {mandate.refusal_at(now) or 'open now'}"
    yield f"expires        {mandate.expires}"
    for entry in mandate.in_scope:
        ports = ", ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in entry.ports)
        note = f" ({entry.note})" if entry.note else ""
        yield f"in scope       {', '.join(entry.networks)}{f', only ports {ports}' if ports else ''}{note}"
    for bound in mandate.out_of_scope:
        yield f"out of scope   {', '.join(bound.networks)}: {bound.reason}"
    yield from _permits(mandate)
    pace = loaded.pace(Pace())
    yield (
        f"pace           a device sees at most {pace.attempts_per_second:g} attempts and {pace.accepted_per_second:g} "
        f"accepted connections a second, {pace.connections} conversations in all"
    )
    yield from (f"note           {notice}" for notice in loaded.notices)
    if mandate.emergency_contact:
        yield f"emergency      {mandate.emergency_contact}"
    yield f"file           {mandate.file}, sha256 {mandate.sha256}"


def _permits(mandate: Mandate) -> Iterator[str]:
    permits = mandate.permits
    yield f"active probes  {'permitted' if permits.active else 'not permitted: nothing can be scanned'}"
    logins = f"permitted, {permits.attempts_per_account} tries an account in 24 hours, with --default-creds"
    yield f"logins         {logins if permits.default_creds else 'not permitted'}"
    yield f"intrusive      {'permitted, with --intrusive' if permits.intrusive else 'not permitted'}"
    yield f"revocation     {'fetched, with --fetch-revocation' if permits.fetch_revocation else 'not fetched'}"
    if permits.backends:
        yield f"backends       {', '.join(permits.backends)}, with --backend"


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """A line for each piece of the targets, and whether all of it may be asked."""

    lines: tuple[str, ...]
    all_in: bool


def decide(file: Path, targets: Sequence[str], *, may_resolve: bool, max_hosts: int) -> Decided:
    """Which of the targets a scope file allows. Raises BadInput for a file or a target that cannot be read."""
    mandate = read_scope(file).mandate
    closed = mandate.refusal_at(utc_now())
    lines = [f"{mandate.file}: {mandate.engagement}, {closed or 'the window is open'}"]
    all_in = not closed
    for word in expand_words(targets):
        found = anyio.run(partial(read_targets, (word,), (), resolve=resolver(may_resolve), max_hosts=max_hosts))
        everything = Fence(Scope(include=found.networks, mandate=mandate))
        refusals = {address: everything.refusal(address) for address in found.addresses}
        lines += _pieces(refusals, found.names)
        # What the file forbids inside a network is left out by a scan; named alone it is an error.
        is_network = len(refusals) > 1
        out = [a for a, why in refusals.items() if why and not (is_network and everything.forbids(a))]
        all_in = all_in and not out and any(not why for why in refusals.values())
    return Decided(lines=tuple(lines), all_in=all_in)


def _pieces(refusals: dict[str, str], names: dict[str, str]) -> Iterator[str]:
    """Runs of neighbours with the same answer, as networks."""
    run: list[str] = []
    for address in refusals:
        is_next = run and int(canonical(address)) == int(canonical(run[-1])) + 1
        if run and not (is_next and refusals[address] == refusals[run[-1]]):
            yield from _piece(run, refusals[run[-1]], names)
            run = []
        run.append(address)
    yield from _piece(run, refusals[run[-1]], names)


def _piece(run: list[str], why: str, names: dict[str, str]) -> Iterator[str]:
    shown = run[0] if len(run) == 1 else f"{run[0]}-{run[-1]}"
    name = f" ({names[run[0]]})" if run[0] in names else ""
    yield f"{'out' if why else 'in '}  {shown}{name}{f'  {why}' if why else ''}"


def resolver(may_resolve: bool) -> Resolver:
    """How names become addresses: asked of the system, or refused with a word on how to allow it."""
    from iotscan.observe.network.names import resolve

    return resolve if may_resolve else _refuse


async def _refuse(name: str) -> tuple[str, ...]:
    raise BadTarget(f"'{name}' is a name, and looking it up asks your resolver: add --resolve, or give the address")
