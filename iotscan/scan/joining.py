"""Stored runs of one engagement put together: a scan, images, traffic, judged as one.

What was seen is taken over as it is, what was concluded from it is not. A device of one run is that of another by the
rules that hold between runs (:mod:`iotscan.model.links`), by its address only where both runs were made within a day
of each other and nothing contradicts (addresses are lent), and by a key only at one address (a series may share one).
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec

from iotscan import __version__
from iotscan.assess.attesting import observed_only
from iotscan.assess.linking import link
from iotscan.model.device import Device, Service
from iotscan.model.errors import BadInput
from iotscan.model.identity import provisional_ids
from iotscan.model.mac import plain_mac
from iotscan.model.observation import Attempt, Observation
from iotscan.model.run import Notice, Part, Run, Tool
from iotscan.model.text import safe_text
from iotscan.scan.join_doubts import NEAR, apart, far_apart, told_apart, without_device, word_against_marks
from iotscan.scan.known_devices import own_marked

Stated = TypeVar("Stated", Observation, Attempt)


def join_runs(runs: Sequence[Run], run_id: str, said: Sequence[str] = ()) -> Run:
    """One run of several, not judged yet. ``said`` are words of the user: ``DEVICE=IMAGE``.

    Raises BadInput where they do not go together.
    """
    _require_joinable(runs)
    base = next((r for r in runs if r.command in ("scan", "discover")), None)
    base = base or next((r for r in runs if r.command == "traffic"), runs[0])
    joined = msgspec.structs.replace(
        base,
        id=run_id,
        command="join",
        tool=Tool(version=__version__),
        observations=observed_only(base.observations),
        results=(),
        waivers=(),
        attestations=(),
        verdict=None,
        notices=(*base.notices, _taken(base)),
        parts=(_part(base),),
        # The log of what was sent stays with the run that sent it.
        audit_root="",
    )
    # The nearest first: who is at an address then is known before another may have it.
    for run in sorted((r for r in runs if r is not base), key=lambda r: (r.command == "image", apart(joined, r))):
        joined = _with(joined, run)
    joined = msgspec.structs.replace(joined, runs={**joined.runs, **dict(_word(w, joined) for w in said)})
    doubts = (*far_apart(joined), *word_against_marks(joined), *without_device(joined))
    notices = tuple(Notice(about="joined", text=text) for text in doubts)
    return msgspec.structs.replace(joined, notices=(*joined.notices, *notices))


def _require_joinable(runs: Sequence[Run]) -> None:
    if len(runs) < 2:
        raise BadInput("give two runs or more: one alone is judged again by iotscan assess")
    twice = next((run.id for n, run in enumerate(runs) if run.id in {other.id for other in runs[:n]}), "")
    if twice:
        raise BadInput(f"run {twice} is given twice: give each run once")
    hidden = next((run for run in runs if run.redaction == "strict"), None)
    if hidden is not None:
        raise BadInput(f"run {hidden.id} is redacted: names and addresses are pseudonyms in it. Give the run itself")
    joined = next((run for run in runs if run.command == "join"), None)
    if joined is not None:
        raise BadInput(f"run {joined.id} is joined already: give the runs that it was made of")
    asked = [run.id for run in runs if run.command in ("scan", "discover")]
    if len(asked) > 1:
        raise BadInput(f"{' and '.join(asked)} both asked the network: give one of them (iotscan diff compares two)")


def _with(base: Run, run: Run) -> Run:
    """``base`` with all that another run saw."""
    twice = {i.id for i in base.images} & {i.id for i in run.images}
    if twice:
        named = next(i.name or i.source for i in run.images if i.id in twice)
        raise BadInput(f"two of the runs hold an image that is called '{named}': give the one that is meant")
    new_ids = _new_ids(base, run)
    doubts = tuple(Notice(about="joined", text=text) for text in told_apart(base, run, new_ids))
    is_heard_meanwhile = run.command == "traffic" and apart(base, run) <= NEAR
    heard = own_marked(run.devices, base) if is_heard_meanwhile else run.devices
    devices = _devices(base.devices, heard, new_ids)
    return msgspec.structs.replace(
        base,
        status=base.status if run.status == "complete" else run.status,
        started=min(base.started, run.started),
        finished=max(base.finished, run.finished),
        as_of=max(base.as_of, run.as_of),
        parts=(*base.parts, _part(run)),
        targets=tuple(dict.fromkeys((*base.targets, *run.targets))),
        devices=devices,
        images=(*base.images, *run.images),
        captures=(*base.captures, *run.captures),
        attempts=(*base.attempts, *(_moved(a, new_ids) for a in run.attempts)),
        observations=(*base.observations, *(_moved(o, new_ids) for o in observed_only(run.observations))),
        trusted=tuple(dict.fromkeys((*base.trusted, *run.trusted))),
        known_keys=tuple(dict.fromkeys((*base.known_keys, *run.known_keys))),
        identity_rules=tuple(dict.fromkeys((*base.identity_rules, *run.identity_rules))),
        runs={**{new_ids.get(d, d): i for d, i in run.runs.items()}, **base.runs},
        notices=(*base.notices, *run.notices, _taken(run), *doubts),
    )


def _new_ids(base: Run, run: Run) -> dict[str, str]:
    """The ids that devices of ``run``, and what was merged into them, have in the joined run."""
    near = apart(base, run) <= NEAR
    found_by = link(run, base, by_address=near, by_key=False)
    links = {old: one for old, one in found_by.items() if near or one.by != "address"}
    taken = {known for d in base.devices for known in (d.id, *provisional_ids(d))}
    found = {}
    for device in run.devices:
        same = links.get(device.id)
        mark = hashlib.sha256(f"{run.id} {device.id}".encode()).hexdigest()[:8]
        # One address, two devices: their provisional ids are the same, and they are not.
        new = same.to if same else f"dev-{mark}" if device.id in taken else device.id
        for old in (device.id, *provisional_ids(device)):
            found[old] = new
    return found


def _devices(ours: Sequence[Device], theirs: Sequence[Device], new_ids: Mapping[str, str]) -> tuple[Device, ...]:
    joined = {device.id: device for device in ours}
    for device in theirs:
        new = new_ids[device.id]
        known = joined.get(new)
        joined[new] = _one(known, device) if known else msgspec.structs.replace(device, id=new, merged=())
    return tuple(joined[key] for key in sorted(joined))


def _one(known: Device, other: Device) -> Device:
    """A device that two runs saw. What the first says it is stays: only there was it asked."""
    return msgspec.structs.replace(
        known,
        addresses=tuple(dict.fromkeys((*known.addresses, *other.addresses))),
        mac=known.mac or other.mac,
        vendor=known.vendor or other.vendor,
        vendor_source=known.vendor_source or other.vendor_source,
        claims=tuple(dict.fromkeys((*known.claims, *other.claims))),
        services=_services(known, other),
        found_by=tuple(dict.fromkeys((*known.found_by, *other.found_by))),
        identity=known.identity if known.identity.is_known else other.identity,
        link=known.link or other.link,
        rivals=tuple(dict.fromkeys((*known.rivals, *other.rivals))),
    )


def _services(known: Device, other: Device) -> tuple[Service, ...]:
    named = {s.name for s in known.services}
    return (*known.services, *(s for s in other.services if s.name not in named))


def _moved(stated: Stated, new_ids: Mapping[str, str]) -> Stated:
    subject = stated.subject
    new = new_ids.get(subject.device, subject.device)
    return msgspec.structs.replace(stated, subject=msgspec.structs.replace(subject, device=new))


def _part(run: Run) -> Part:
    if run.command == "join":
        raise BadInput(f"run {run.id} is joined already: give the runs that it was made of")
    return Part(
        id=run.id,
        command=run.command,
        tool=run.tool,
        status=run.status,
        started=run.started,
        finished=run.finished,
        targets=run.targets,
        scope=run.scope,
        scope_sha256=run.scope_sha256,
        profile=run.profile,
        devices=len(run.devices),
        images=tuple(image.name or image.source for image in run.images),
        captures=run.captures,
        probes=tuple(
            sorted({o.probe for o in observed_only(run.observations)} | {a.probe for a in run.attempts} - {""})
        ),
        ways=run.ways,
        own=run.own,
        audit_root=run.audit_root,
    )


def _taken(run: Run) -> Notice:
    what = {"image": "image", "traffic": "traffic"}.get(run.command, run.command)
    return Notice(about="joined", text=f"{what} of {run.started[:16]} UTC (run {run.id})")


def _word(word: str, run: Run) -> tuple[str, str]:
    """``DEVICE=IMAGE`` as ids. A device is named by address, MAC, name or id, an image by name, path or id."""
    named, equals, image = word.partition("=")
    if not equals or not named.strip() or not image.strip():
        raise BadInput(f"--runs '{safe_text(word, 80)}': write it like 192.0.2.7=gateway (a device, '=', an image)")
    device = _only(_devices_called(named.strip(), run), named, "device")
    return device, _only(_images_called(image.strip(), run), image, "image")


def _devices_called(word: str, run: Run) -> list[str]:
    mac = plain_mac(word)
    return [
        d.id
        for d in run.devices
        if word in (d.id, *d.addresses) or word.lower() == d.label.lower() or (mac and mac == plain_mac(d.mac))
    ]


def _images_called(word: str, run: Run) -> list[str]:
    return [i.id for i in run.images if word in (i.id, i.name, i.source)]


def _only(found: Sequence[str], word: str, what: str) -> str:
    if len(found) != 1:
        many = "several are" if found else "none is"
        raise BadInput(f"--runs: {many} called '{safe_text(word, 80)}' among the {what}s of these runs")
    return found[0]
