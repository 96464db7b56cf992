"""What has to be known of runs that are joined: how far apart they lie, and who was not taken for one, and why.

Who is whom is decided in :mod:`iotscan.scan.joining`; this says the doubts in lines for the person who joined them.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from iotscan.assess.images_run import images_of_devices, link_images
from iotscan.model.device import Device
from iotscan.model.facts import RunsImage
from iotscan.model.identity import Key
from iotscan.model.lasting import PROVED, borne
from iotscan.model.run import Part, Run, read_moment
from iotscan.model.text import safe_text

NEAR: Final = timedelta(days=1)
"""Between two runs within which an address says who has it, where nothing else does."""
_MOST: Final = 20
"""Lines of one kind for one run."""
_FAR: Final = "the runs lie more than a day apart, and an address may be lent to others"
_SEVERAL: Final = "more than one device may be meant"
_WORDS: Final = {
    "mac": "MAC address",
    "serial": "serial number",
    "uuid": "UUID",
    "ssh": "SSH host key",
    "tls": "TLS key",
}


def apart(base: Run, run: Run) -> timedelta:
    """How long lies between what a run saw and what those saw that are joined already, the farthest of them.

    An old capture may be read today: it is as old as its frames.
    """
    return max((between(part, run) for part in base.parts if part.command != "image"), default=timedelta())


def far_apart(run: Run) -> Iterator[str]:
    """One line where what the parts of a run saw lies more than a day apart. When an image was built nobody says."""
    seen = [part for part in run.parts if part.command != "image"]
    widest = max((between(one, other) for one in seen for other in seen), default=timedelta())
    if widest > NEAR:
        spans = [_span(part) for part in seen]
        first, last = min(begun for begun, _ in spans), max(ended for _, ended in spans)
        yield (
            f"what these runs saw lies up to {widest.days} days apart ({first:%Y-%m-%d} to {last:%Y-%m-%d}): a device "
            "that was replaced, updated or given another address in between is judged here as if it were one state"
        )


def told_apart(base: Run, run: Run, new_ids: Mapping[str, str]) -> Iterator[str]:
    """Devices of ``run`` that look like one of ``base`` and were not taken for it: each with why."""
    ours, theirs = borne(base.devices, base.observations), borne(run.devices, run.observations)
    known = {d.id: d for d in base.devices}
    is_far = apart(base, run) > NEAR
    lines: dict[str, None] = {}
    for device in (d for d in run.devices if new_ids.get(d.id) not in known):
        for one in base.devices:
            address = next((a for a in device.addresses if a in one.addresses), "")
            if address:
                why = _differing(ours[one.id], theirs[device.id]) or (_FAR if is_far else _SEVERAL)
                lines[f"{address} is told as two devices, the second as run {run.id} saw it: {why}"] = None
            elif shared := [m for m in ours[one.id] if m[0] in PROVED and m in theirs[device.id]]:
                lines[_sharing(shared[0][0], one, device)] = None
    yield from list(lines)[:_MOST]
    if len(lines) > _MOST:
        yield f"{len(lines) - _MOST} more devices of run {run.id} look like others and were not taken for them"


def word_against_marks(run: Run) -> Iterator[str]:
    """Where the user says that a device runs one image, and its marks say another."""
    names = {i.id: i.name or i.source for i in run.images}
    labels = {d.id: d.address for d in run.devices}
    marked = link_images(run.devices, run.images, run.observations) if run.runs else ()
    for observation in marked:
        fact, device = observation.fact, observation.subject.device
        said = run.runs.get(device, "")
        if isinstance(fact, RunsImage) and said and said != fact.image:
            yield safe_text(
                f"{labels.get(device, device)} is taken to run {names.get(said, said)}, as you say; but by its "
                f"{fact.by} it runs {fact.name} ({fact.detail})",
                400,
            )


def without_device(run: Run) -> Iterator[str]:
    """Images that no device of a joined run is known to run: nothing of them is said of any device."""
    if run.devices and run.images:
        known = images_of_devices(link_images(run.devices, run.images, run.observations, run.runs)).values()
        for image in [i for i in run.images if i.id not in known][:_MOST]:
            yield (
                f"no device is known to run the image {safe_text(image.name or image.source, 80)}, or this version of "
                "it: it is judged by itself. Say which one does with --runs DEVICE=IMAGE"
            )


def _differing(one: Sequence[Key], other: Sequence[Key]) -> str:
    for kind in PROVED:
        first, second = ({m[1] for m in marks if m[0] == kind} for marks in (one, other))
        if first and second and not first & second:
            return f"each shows another {_WORDS[kind]}"
    return ""


def _sharing(kind: str, one: Device, other: Device) -> str:
    return (
        f"{one.address} and {other.address} show the same {_WORDS[kind]} and are told as two devices: a whole series "
        "may share one"
    )


def between(one: Run | Part, other: Run | Part) -> timedelta:
    """How long lies between what two runs saw: not above zero where they saw it at one time."""
    (first, last), (begun, ended) = _span(one), _span(other)
    return max(first, begun) - min(last, ended)


def _span(run: Run | Part) -> tuple[datetime, datetime]:
    """When a run saw what it tells: a capture when its frames were caught."""
    moments = [m for c in run.captures for m in (c.first, c.last) if m] if run.command == "traffic" else []
    read = [read_moment(m, f"'captures' of run {run.id[:60]}") for m in moments]
    started = read_moment(run.started, f"'started' of run {run.id[:60]}")
    return min(read, default=started), max(read, default=started)
