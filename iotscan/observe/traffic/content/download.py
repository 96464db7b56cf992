"""What a body is by its first bytes, and whether it is a firmware or a manifest that bears a signature."""

import re
from typing import Final, Literal

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts import UpdateContact
from iotscan.model.vocabulary import Reason
from iotscan.observe.traffic.content.kept import Kept
from iotscan.observe.traffic.content.update_systems import About
from iotscan.wire.artefact import Sample, is_text, judge_image, read_manifest

_FIRMWARE: Final = frozenset(
    (
        *("esp32", "fit", "mcuboot", "mender", "openwrt-sysupgrade", "rauc", "rauc-crypt", "squashfs", "suit"),
        *("swupdate", "trx", "uf2", "uimage", "vbmeta"),
    )
)
"""Formats that are carried for no other reason."""
_PICTURES: Final = ((b"\x89PNG", "png"), (b"\xff\xd8\xff", "jpeg"), (b"GIF8", "gif"), (b"RIFF", "riff"))
_VALUES: Final[dict[str, Literal["none", "present", "unknown"]]] = {
    "none": "none",
    "embedded": "present",
    "detached": "present",
    "unknown": "unknown",
}
_IMAGE: Final = re.compile(r"(?i)\.(?:bin|img|swu|raucb|mender|fw|trx|itb|uf2|ipk|ota|suit|sysupgrade)(?:[?#]|$)")
"""Other endings stand in the answers of any API."""
_NO_PERIOD: Final = Answer[int].missing(Reason.NOT_OBSERVABLE, "one contact alone has no period")


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """What a body is. ``about`` is None where its bytes say nothing of updates."""

    form: str = ""
    signature: Literal["none", "present", "unknown"] = "unknown"
    about: About | None = None

    @property
    def is_file(self) -> bool:
        """Something else than text and pictures."""
        return self.form not in ("", "json", "html", "xml", "text", "png", "jpeg", "gif", "riff")


def judge_body(kept: Kept, size: int | None, coding: str = "") -> Body:
    """What was kept of a body; ``size`` is how long all of it is where that is known."""
    sample = kept.sample(size)
    if not sample.head:
        return Body()
    if coding not in ("", "identity"):
        text = kept.text(coding)
        sample = Sample(head=text) if text else sample
    return _text(sample.head, is_whole=size == kept.size) if is_text(sample.head) else _binary(sample)


def judge_part(data: bytes) -> Body:
    """A file among the parts of a form, of which the beginning is there; nothing of it that is text."""
    return Body() if not data or is_text(data) else _binary(Sample(head=data))


def _text(head: bytes, *, is_whole: bool) -> Body:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start[:1] in (b"{", b"["):
        manifest = read_manifest(head) if is_whole else None
        if manifest is None:
            return Body(form="json")
        is_tuf = manifest.format == "tuf"
        is_sure = is_tuf or any(_IMAGE.search(image.url) for image in manifest.images)
        about = About(kind="manifest", system="tuf" if is_tuf else "", how="body") if is_sure else None
        return Body(form="json", signature=_VALUES[manifest.signature], about=about)
    lower = start[:64].lower()
    if lower.startswith((b"<!doctype html", b"<html")):
        return Body(form="html")
    return Body(form="xml" if start[:1] == b"<" else "text")


def _binary(sample: Sample) -> Body:
    for mark, form in _PICTURES:
        if sample.head.startswith(mark):
            return Body(form=form)
    judged = judge_image(sample)
    if judged is None:
        return Body()
    about = About(kind="firmware", how="magic") if judged.format in _FIRMWARE else None
    return Body(form=judged.format, signature=_VALUES[judged.signature], about=about)


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for or brought, of or to whom, over what."""

    protocol: str
    is_brought: bool = False
    """Whoever asked sent it."""
    host: str = ""
    path: str = ""
    size: int = 0


def contact_of(fetched: Fetched, asked: About | None, body: Body, *, is_answered: bool = False) -> UpdateContact | None:
    """A contact about updates, by what was asked for and by what came; None for any other.

    What came says more of a file: a page that says *not found* under the name of a firmware is none.
    """
    about = asked
    if body.about is not None:
        about = msgspec.structs.replace(body.about, system=body.about.system or (asked.system if asked else ""))
        if asked is not None and asked.kind in ("poll", "package") and body.about.kind == "manifest":
            about = asked
    elif asked is not None and asked.kind in ("firmware", "package") and not body.is_file:
        return None
    if about is None:
        return None
    is_file = about.kind in ("firmware", "package")
    return UpdateContact(
        kind=about.kind,
        direction="to-server" if fetched.is_brought else "to-client",
        system=about.system,
        protocol=fetched.protocol,
        host=fetched.host,
        path=fetched.path,
        format=body.form if is_file else "",
        signature=body.signature if is_file or body.form == "json" else "unknown",
        how=about.how,
        is_answered=is_answered and body.form != "html",
        size=fetched.size if is_file else 0,
        period=_NO_PERIOD,
    )
