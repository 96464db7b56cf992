"""One image from start to end: open, inspect, judge, keep."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from iotscan import __version__
from iotscan.assess.check import Check
from iotscan.assess.judging import judge
from iotscan.assess.profile import Profile
from iotscan.assess.terms import Terms
from iotscan.model.device import Image, ImagePart
from iotscan.model.image_name import image_name
from iotscan.model.redaction import without_secrets
from iotscan.model.run import Run, Tool
from iotscan.model.scope import Scope
from iotscan.model.text import safe_text
from iotscan.observe.image.opening import open_image
from iotscan.observe.image.posture import inspect_site
from iotscan.observe.image.site import Site
from iotscan.store.runs import make_folder, new_run_id, write_run


def assess_image(
    folder: Path, checks: Sequence[Check], profile: Profile, *, terms: Terms, output: Path, name: str = ""
) -> Run:
    """Inspect a root file system and judge it; the run is kept below ``output``. Raises BadInput.

    ``name`` is what the image is known by from build to build; empty takes it from the folder.
    """
    site = open_image(folder)
    run_id = new_run_id()
    kept = make_folder(output, run_id)
    now = datetime.now(UTC)
    # The name, not the place or the build: findings keep their fingerprints from one to the next.
    name = safe_text(name.strip() or image_name(str(folder.resolve())), 80)
    image = Image(
        id=f"img-{hashlib.sha256(name.encode()).hexdigest()[:8]}",
        source=safe_text(site.source, 400),
        format=site.format,
        name=name,
        parts=parts_of(site),
    )
    (observations, attempts), files = inspect_site(site, image.id)
    scope = Scope(include=(), authority="an image: nothing is sent")
    run = Run(
        id=run_id,
        tool=Tool(version=__version__),
        status="complete",
        command="image",
        started=now.isoformat(timespec="seconds"),
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
        as_of=now.isoformat(timespec="seconds"),
        targets=(image.source,),
        scope=scope,
        scope_sha256=hashlib.sha256(msgspec.json.encode(scope)).hexdigest(),
        profile=profile.as_info(),
        images=(msgspec.structs.replace(image, files=files),),
        observations=observations,
        attempts=attempts,
    )
    judged = judge(without_secrets(run), checks, profile, as_of=now, terms=terms)
    write_run(kept, judged)
    return judged


def parts_of(site: Site) -> tuple[ImagePart, ...]:
    """What a run keeps of the places of an image."""
    return tuple(
        ImagePart(
            format=place.format,
            role=place.role,
            path=place.shown,
            label=place.label,
            size=place.blob.size if place.blob is not None else 0,
            problem=safe_text(place.problem, 400),
        )
        for place in site.places
    )
