"""CycloneDX 1.6: a bill of materials of what was looked at, for programs that match components with known flaws.

Of an image: its packages with their package URLs, its system, its kernels. Of a network: one component a device. Its
findings are about configuration, not about flaws of components with a number of their own: they stay in the other
formats. What is listed is what package databases say, and ``compositions`` says that this is not all there is.

Serial number and time follow from the run, so that the same run gives the same bytes. Source: CycloneDX 1.6 JSON
schema; a licence goes by its name, as few databases state SPDX expressions.
"""

import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from iotscan.model.device import Device, Image
from iotscan.model.facts import Kernels, OperatingSystem, Package, Packages
from iotscan.model.observation import Observation
from iotscan.model.run import Run
from iotscan.report.identity import firmware, maker, model
from iotscan.report.json import document
from iotscan.report.rows import shortfall
from iotscan.report.words import clean

Component = dict[str, Any]
_SPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://iotscan.example/cyclonedx")


def render(run: Run) -> str:
    """The bill of materials of a run."""
    images = [_image(image, run) for image in run.images]
    devices = [_device(device) for device in run.devices]
    parts = [part for image, own in images for part in own]
    if len(images) == 1 and not devices:
        subject, listed = images[0][0], parts
    else:
        subject = {"type": "platform", "bom-ref": f"run:{clean(run.id, 80)}", "name": _targets(run)}
        listed = [*devices, *(image for image, _ in images), *parts]
    bom = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(_SPACE, run.id)}",
        "version": 1,
        "metadata": {
            "timestamp": _moment(run.started),
            "lifecycles": [{"phase": "operations" if devices else "post-build"}],
            "tools": {
                "components": [{"type": "application", "name": "iotscan", "version": clean(run.tool.version, 40)}]
            },
            "component": subject,
            "properties": _properties(_about(run)),
        },
        "components": listed,
        "dependencies": _dependencies(subject, images, devices),
        "compositions": [{"aggregate": "incomplete" if parts else "unknown", "assemblies": [subject["bom-ref"]]}],
    }
    return document(bom)


def _tool(run: Run) -> Component:
    return {"type": "application", "name": "iotscan", "version": clean(run.tool.version, 40)}


def _about(run: Run) -> Iterator[tuple[str, str]]:
    yield "iotscan:run", run.id
    yield "iotscan:redaction", run.redaction
    if short := shortfall(run):
        yield "iotscan:incomplete", short


def _targets(run: Run) -> str:
    return clean(", ".join(run.targets), 200) or "nothing"


def _moment(time: str) -> str:
    """A time with its zone, as the schema wants it; the epoch for what is none."""
    try:
        moment = datetime.fromisoformat(time)
    except ValueError:
        return "1970-01-01T00:00:00Z"
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _device(device: Device) -> Component:
    return _without_empty(
        {
            "type": "device",
            "bom-ref": f"device:{clean(device.id, 80)}",
            "name": clean(device.label, 200) or "device",
            "version": clean(firmware(device), 100),
            "manufacturer": _without_empty({"name": clean(device.claimed("manufacturer") or maker(device), 200)}),
            "description": clean(model(device), 200),
        }
    )


def _image(image: Image, run: Run) -> tuple[Component, list[Component]]:
    """The image as a component, and what is in it."""
    seen = [o for o in run.observations if o.subject.image == image.id]
    systems = [o.fact for o in seen if isinstance(o.fact, OperatingSystem)]
    lost = [f"{lost}" for o in seen if isinstance(o.fact, Packages) for lost in o.fact.not_read]
    component = {
        "type": "firmware",
        "bom-ref": f"image:{clean(image.id, 80)}",
        "name": clean(image.name or image.source, 200) or "image",
        "version": next((s.build or s.version for s in systems if s.build or s.version), ""),
        "properties": _properties([("iotscan:format", image.format), *(("iotscan:not-read", text) for text in lost)]),
    }
    return _without_empty(component), [*_systems(systems), *_kernels(seen), *_packages(seen)]


def _systems(systems: Iterable[OperatingSystem]) -> Iterator[Component]:
    unique = {f"{clean(s.id, 80)}@{clean(s.version, 80)}": s for s in systems}
    for called, system in sorted(unique.items()):
        yield _without_empty(
            {
                "type": "operating-system",
                "bom-ref": f"os:{called}",
                "name": clean(system.id, 80),
                "version": clean(system.version, 80),
                "description": clean(system.name, 200),
            }
        )


def _kernels(seen: Iterable[Observation]) -> Iterator[Component]:
    found = {k.release: k.path for o in seen if isinstance(o.fact, Kernels) for k in reversed(o.fact.kernels)}
    for release in sorted(found):
        yield {
            "type": "operating-system",
            "bom-ref": f"kernel:{clean(release, 100)}",
            "name": "linux",
            "version": clean(release, 100),
            "evidence": _evidence([found[release]]),
        }


def _packages(seen: Iterable[Observation]) -> Iterator[Component]:
    """Each package once, with every database that lists it: the slots of an A/B image hold the same."""
    listed: dict[tuple[str, str, str, str], list[Package]] = {}
    for observation in seen:
        if isinstance(observation.fact, Packages):
            for package in observation.fact.packages:
                key = (package.name, package.version, package.architecture, package.purl)
                listed.setdefault(key, []).append(package)
    used: set[str] = set()
    for key in sorted(listed):
        same = listed[key]
        ref = base = clean(key[3] or f"package:{key[0]}@{key[1]}", 500)
        number = 1
        while ref in used:
            number += 1
            ref = f"{base}#{number}"
        used.add(ref)
        yield _package(same[0], ref, [p.database for p in same])


def _package(package: Package, ref: str, databases: list[str]) -> Component:
    source = [("iotscan:source", package.source)] if package.source else []
    return _without_empty(
        {
            "type": "library",
            "bom-ref": ref,
            "name": clean(package.name, 200) or "unnamed",
            "version": clean(package.version, 200),
            "licenses": [{"license": {"name": clean(package.licence, 300)}}] if package.licence else [],
            "purl": clean(package.purl, 500),
            "evidence": _evidence(databases),
            "properties": _properties(source),
        }
    )


def _evidence(places: Iterable[str]) -> dict[str, Any]:
    return {"occurrences": [{"location": clean(place, 500)} for place in sorted(set(places))]}


def _dependencies(
    subject: Component, images: Iterable[tuple[Component, list[Component]]], devices: Iterable[Component]
) -> list[dict[str, Any]]:
    """What holds what: packages are not said to need one another."""
    edges = {image["bom-ref"]: [part["bom-ref"] for part in parts] for image, parts in images}
    if subject["bom-ref"] not in edges:
        edges = {subject["bom-ref"]: [*(d["bom-ref"] for d in devices), *edges], **edges}
    return [{"ref": ref, "dependsOn": sorted(set(holds))} for ref, holds in edges.items()]


def _properties(told: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": clean(value, 300)} for name, value in told]


def _without_empty(component: Component) -> Component:
    return {key: value for key, value in component.items() if value}
