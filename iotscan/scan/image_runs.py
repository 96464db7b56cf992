"""Runs of images that join a scan: both vantages are judged, graded and reported together.

What was read of an image is taken over as it is, what was concluded from it is not: the scan judges all anew.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from iotscan.assess.attesting import observed_only
from iotscan.model.device import Image
from iotscan.model.errors import BadInput
from iotscan.model.facts.signing import TrustedKey
from iotscan.model.observation import Attempt, Observation
from iotscan.model.run import Notice, Run
from iotscan.store.runs import latest_image_run, read_run


class ImageRuns(msgspec.Struct, frozen=True, kw_only=True):
    """What image runs bring into a scan."""

    images: tuple[Image, ...] = ()
    observations: tuple[Observation, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    trusted: tuple[TrustedKey, ...] = ()
    """Keys that the user gave for these images (``iotscan image --trust``)."""
    notices: tuple[Notice, ...] = ()


def read_image_runs(named: Sequence[str], output: Path) -> ImageRuns:
    """The image runs that are named, by path, id below ``output``, or ``latest`` of them. Raises BadInput."""
    runs = [_read(name, output) for name in dict.fromkeys(named)]
    images = [image for run in runs for image in run.images]
    twice = next((i for n, i in enumerate(images) if i.id in {other.id for other in images[:n]}), None)
    if twice is not None:
        raise BadInput(f"two of the image runs hold an image that is called '{twice.name}': give the one that is meant")
    return ImageRuns(
        images=tuple(images),
        observations=tuple(o for run in runs for o in observed_only(run.observations)),
        attempts=tuple(a for run in runs for a in run.attempts),
        trusted=tuple(dict.fromkeys(key for run in runs for key in run.trusted)),
        notices=tuple(notice for run in runs for notice in (*run.notices, _joined(run))),
    )


def _read(named: str, output: Path) -> Run:
    newest = latest_image_run(output) if named == "latest" else None
    run = read_run(str(newest) if newest else named, output)
    if run.command != "image":
        raise BadInput(f"--image {named[:200]} is a run of iotscan {run.command}: make one with iotscan image PATH")
    if run.redaction == "strict":
        raise BadInput(
            f"--image {named[:200]} is redacted: names and addresses are pseudonyms in it. Give the run itself"
        )
    return run


def _joined(run: Run) -> Notice:
    names = ", ".join(image.name or image.source for image in run.images)
    return Notice(about="images", text=f"{names} as iotscan image read it on {run.started[:10]} (run {run.id})")
