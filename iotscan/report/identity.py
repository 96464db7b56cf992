"""What a device is, in words: each trait with how sure it is and what it was told from."""

from iotscan.model.device import Device
from iotscan.model.facts import RunsImage
from iotscan.model.identification import Identity, KindTrait, Software, Trait
from iotscan.model.run import Run
from iotscan.model.vocabulary import Confidence
from iotscan.report.words import clean, counted, listed

_SHOWN = 3
"""Pieces of evidence that are named for one trait."""


def maker(device: Device) -> str:
    """Who made it: as it says itself or something tells well enough, else by its MAC address, else as hinted at."""
    told = device.identity.vendor
    if told is not None and told.confidence is not Confidence.TENTATIVE:
        return told.value
    return device.vendor or device.claimed("manufacturer") or (told.value if told else "")


def model(device: Device) -> str:
    """Which model or product it is: what it says itself, else what something tells."""
    told = device.identity.model or device.identity.product
    return device.claimed("model") or (told.value if told else "")


def firmware(device: Device) -> str:
    """The version of its firmware: as it says itself, else as something tells."""
    told = device.identity.firmware
    return device.claimed("firmware") or (told.value if told else "")


def kind(identity: Identity) -> str:
    """``camera``; ``camera?`` where that is only hinted at; empty where nothing tells."""
    if identity.kind is None:
        return ""
    return identity.kind.value + ("?" if identity.kind.confidence is Confidence.TENTATIVE else "")


def traits(identity: Identity) -> tuple[str, ...]:
    """``vendor Hikvision (firm: http Server on tcp/80)`` and so on, then what contradicts what."""
    named = (
        ("vendor", identity.vendor),
        ("product", identity.product),
        ("model", identity.model),
        ("firmware", identity.firmware),
        ("kind", identity.kind),
        ("system", identity.system),
    )
    said = (_sentence(what, trait) for what, trait in named if trait is not None)
    against = (f"contradicted: {clean(each, 200)}" for each in identity.contradictions)
    return (*said, *against)


def _sentence(what: str, trait: Trait | KindTrait) -> str:
    where = dict.fromkeys(clean(clue.where, 60) for clue in trait.clues)
    return f"{what} {clean(trait.value, 80)} ({trait.confidence}: {', '.join(tuple(where)[:_SHOWN])})"


def oneness(device: Device) -> str:
    """``3 addresses, one device: has the same MAC address …``; empty for a device with one sighting."""
    if not device.merged:
        return ""
    reasons = tuple(dict.fromkeys(clean(entry.partition(" ")[2], 160) for entry in device.merged))
    more = f" and {len(reasons) - _SHOWN} more reasons" if len(reasons) > _SHOWN else ""
    return f"{counted(len(device.addresses), 'address', 'addresses')}, one device: {'; '.join(reasons[:_SHOWN])}{more}"


_LINKS = {
    "stated": "by the word of whoever joined the runs",
    "mac": "its MAC address is in it",
    "certificate": "its certificate is in it",
    "key": "a key of its is in it",
    "version": "both name the same product and version",
}


def images_run(run: Run) -> dict[str, str]:
    """Device id -> ``runs the image gateway 2.1: its certificate is in it (…)``, of those of which it is known."""
    linked = ((o.subject.device, o.fact) for o in run.observations if isinstance(o.fact, RunsImage))
    return {device: _image_words(fact) for device, fact in linked}


def image_ids(run: Run) -> dict[str, str]:
    """Device id -> the id of the image that it runs, of those of which it is known."""
    linked = ((o.subject.device, o.fact) for o in run.observations if isinstance(o.fact, RunsImage))
    return {device: fact.image for device, fact in linked if fact.is_this_build}


def devices_of_images(run: Run) -> dict[str, str]:
    """Image id -> ``runs on 192.0.2.7; ...``, of those of which a device is known to run them."""
    labels = {d.id: d.label if d.label == d.address else f"{d.label} ({d.address})" for d in run.devices}
    bearers: dict[str, list[str]] = {}
    for device, image in image_ids(run).items():
        bearers.setdefault(image, []).append(clean(labels.get(device, device), 80))
    return {
        image: f"runs on {listed(sorted(names), _SHOWN)}; what only a running device shows is taken from there"
        for image, names in bearers.items()
    }


def _image_words(fact: RunsImage) -> str:
    where = f" ({clean(fact.detail, 200)})" if fact.detail else ""
    name, by = clean(fact.name, 80), f"{_LINKS[fact.by]}{where}"
    if fact.is_this_build:
        return f"runs the image {name}: {by}; graded by both"
    other = clean(fact.other_version, 200)
    return f"runs another version of the image {name}: {by}, but {other}; graded apart"


def programs(identity: Identity) -> tuple[str, ...]:
    """``Dropbear 2022.83 on tcp/22`` for each program that answers; whose opinion it is, where it is none of ours."""
    return tuple(clean(_program(p), 100) for p in identity.software)


def _program(program: Software) -> str:
    said = f"{program.by} says {program.title}" if program.by else program.title
    return f"{said} on {program.service}" if program.service else f"{said} by {program.clue.where}"


def remarks(identity: Identity) -> tuple[str, ...]:
    """Why what is known has to be read with care."""
    return tuple(clean(remark.text, 400) for remark in identity.remarks)
