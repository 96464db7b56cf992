"""Images from start to end: open, inspect, judge, keep."""

import hashlib
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from iotscan import __version__
from iotscan.assess.check import Check
from iotscan.assess.judging import judge
from iotscan.assess.profile import Profile
from iotscan.assess.terms import Terms
from iotscan.model.device import Image, ImagePart
from iotscan.model.errors import BadInput
from iotscan.model.facts.signing import PublicKey, TrustedKey
from iotscan.model.image_name import image_name
from iotscan.model.redaction import without_secrets
from iotscan.model.run import Run, Tool
from iotscan.model.scope import Scope
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.given_file import GivenFile
from iotscan.observe.heard import Missed
from iotscan.observe.image.messages import Doing
from iotscan.observe.image.posture import Posture, posture
from iotscan.observe.image.process import ImageProcess, Looked
from iotscan.scan.advisories.data import AdvisoryFile
from iotscan.scan.advisories.matching import known_vulnerabilities
from iotscan.scan.run_folder import kept_if_read
from iotscan.store.runs import new_run_id, write_run

Watcher = Callable[[str, Doing], None]
"""Hears which image is at what."""


def assess_images(
    paths: Sequence[Path],
    checks: Sequence[Check],
    profile: Profile,
    *,
    terms: Terms,
    output: Path,
    name: str = "",
    trusted: Sequence[TrustedKey] = (),
    advisories: Sequence[AdvisoryFile] = (),
    revocation: Sequence[GivenFile] = (),
    watch: Watcher = lambda name, doing: None,
) -> Run:
    """Inspect images, each in a process of its own, and judge them; the run is kept below ``output``. Raises BadInput.

    ``name`` is what a single image is known by from build to build; empty takes it from the path. ``trusted`` are the
    keys that verify updates besides those that the images hold, ``advisories`` what packages are compared with,
    ``revocation`` the CRLs and OCSP responses by which certificates are judged. Of
    several images one that cannot be read is a gap of the run; where none can it is bad input.
    """
    for path in paths:
        _must_be_there(path)
    names = names_of(paths, name)
    run_id = new_run_id()
    now = datetime.now(UTC)
    images = [_image(path, known_as) for path, known_as in zip(paths, names, strict=True)]
    with kept_if_read(output, run_id) as kept:
        looked = _look_at_all(
            paths, images, watch, [key.public for key in trusted if key.public is not None], revocation
        )
        seen = _seen(looked, advisories, lambda count: watch(", ".join(names), Doing(what="advisories", count=count)))
    scope = Scope(include=(), authority="an image: nothing is sent")
    run = Run(
        id=run_id,
        tool=Tool(version=__version__),
        status="complete",
        command="image",
        started=now.isoformat(timespec="seconds"),
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
        as_of=now.isoformat(timespec="seconds"),
        targets=tuple(image.source for image in images),
        scope=scope,
        scope_sha256=hashlib.sha256(msgspec.json.encode(scope)).hexdigest(),
        profile=profile.as_info(),
        images=tuple(
            msgspec.structs.replace(image, format=found.format, files=found.files, parts=found.parts)
            for image, found in zip(images, looked, strict=True)
        ),
        observations=seen[0],
        attempts=seen[1],
        trusted=tuple(trusted),
    )
    judged = judge(without_secrets(run), checks, profile, as_of=now, terms=terms)
    write_run(kept, judged)
    return judged


def _seen(looked: Sequence[Looked], advisories: Sequence[AdvisoryFile], told: Callable[[int], None]) -> Posture:
    """What was seen of all images, and what is known of their packages where there is something to compare with."""
    observations = tuple(seen for found in looked for seen in found.posture[0])
    attempts = tuple(attempt for found in looked for attempt in found.posture[1])
    if not advisories:
        return observations, attempts
    known, tried = known_vulnerabilities(observations, attempts, advisories, told)
    return (*observations, *known), (*attempts, *tried)


def names_of(paths: Sequence[Path], name: str = "") -> list[str]:
    """What each image is known by from build to build. Raises BadInput where two would be called the same."""
    if name.strip() and len(paths) > 1:
        raise BadInput("--name is for one image: give several without it, or one at a time")
    # The name, not the place or the build: findings keep their fingerprints from one to the next.
    names = [safe_text(name.strip() or image_name(str(path.resolve())), 80) for path in paths]
    twice = next((known_as for known_as in names if names.count(known_as) > 1), "")
    if twice:
        raise BadInput(f"two of the images would be called '{twice}': give them one at a time, each with --name")
    return names


def _must_be_there(path: Path) -> None:
    try:
        path.stat()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "no such path"
        shown = safe_text(str(path), 400)
        raise BadInput(f"{shown} cannot be read ({why}): give a root file system or an image of one") from error


def _image(path: Path, name: str) -> Image:
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return Image(id=f"img-{digest}", source=safe_text(str(path), 400), format="", name=name)


def _look_at_all(
    paths: Sequence[Path],
    images: Sequence[Image],
    watch: Watcher,
    given: Sequence[PublicKey],
    revocation: Sequence[GivenFile],
) -> list[Looked]:
    processes: list[ImageProcess] = []
    is_over = threading.Event()

    def look(path: Path, image: Image) -> Looked:
        process = ImageProcess(path, image.id, given=given, revocation=revocation)
        processes.append(process)
        if is_over.is_set():
            process.kill()
        return process.look(lambda doing: watch(image.name, doing))

    with ThreadPoolExecutor(max_workers=min(len(paths), os.cpu_count() or 1)) as pool:
        waiting = [pool.submit(look, path, image) for path, image in zip(paths, images, strict=True)]
        try:
            ended = [_ended(one) for one in waiting]
        except BaseException:
            # Ctrl-C too: nobody waits for what nobody wants, nor for what begins just now.
            is_over.set()
            for one in waiting:
                one.cancel()
            for process in processes:
                process.kill()
            raise
    refusals = [one for one in ended if isinstance(one, BadInput)]
    if len(refusals) == len(ended):
        raise refusals[0]
    return [_unread(one, image) if isinstance(one, BadInput) else one for one, image in zip(ended, images, strict=True)]


def _ended(waiting: "Future[Looked]") -> Looked | BadInput:
    try:
        return waiting.result()
    except BadInput as refusal:
        return refusal


def _unread(refusal: BadInput, image: Image) -> Looked:
    """One of several images that is none we read: a gap for everything that is looked for."""
    detail = safe_text(str(refusal), 400)
    why = Missed(need="", status=AttemptStatus.UNREADABLE, reason=Reason.UNREADABLE, detail=detail)
    part = ImagePart(format="", role="opaque", problem=detail)
    return Looked(format="", parts=(part,), posture=posture((), (), image.id, unsaid=why), files=0)
