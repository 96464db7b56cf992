"""A manifest or image on its way to a verdict: found by its content, then completed by what stands beside it."""

from collections.abc import Mapping
from typing import Final

import msgspec

from iotscan.model.facts.update import Artefact
from iotscan.model.text import safe_text
from iotscan.observe.network.probes.web import Ask, Reply
from iotscan.wire.artefact import (
    NOT_VERIFIED,
    SIGNATURE_SUFFIXES,
    Judged,
    Manifest,
    Sample,
    judge_image,
    read_manifest,
    signature_kind,
)
from iotscan.wire.http import HttpResponse

MANIFEST_CAP: Final = 64 * 1024
HEAD_CAP: Final = 64 * 1024
_TAIL_CAP = 16 * 1024
_SIGNATURE_CAP = 16 * 1024
_PATH = 300


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """An artefact as first seen. ``beside`` are paths where a signature of its own may stand.

    ``manifest`` for a manifest, ``sample`` for an image; ``signed_in_manifest`` when the manifest that
    named it holds a signature for it; ``can_range`` when the server gives pieces.
    """

    path: str
    judged: Judged
    bytes_read: int
    is_truncated: bool = False
    manifest: Manifest | None = None
    sample: Sample | None = None
    signed_in_manifest: bool = False
    can_range: bool = False
    beside: tuple[str, ...] = ()

    @property
    def wants_more(self) -> bool:
        """True when the signature is not settled by the artefact's own first bytes."""
        return self.judged.signature != "embedded" and not self.signed_in_manifest

    def tail(self) -> Ask | None:
        """The question for the end of the image, where only that can tell and the server gives pieces."""
        size = self.sample.size if self.sample else None
        if not self.judged.wants_tail or not self.can_range or size is None:
            return None
        start = max(size - _TAIL_CAP, 0)
        return Ask(path=self.path, cap=_TAIL_CAP, byte_range=f"{start}-{size - 1}")

    def signatures(self) -> tuple[Ask, ...]:
        """The questions for detached signatures."""
        return tuple(Ask(path=path, cap=_SIGNATURE_CAP, follow=True) for path in self.beside)


def head_of(path: str) -> Ask:
    """The question for the beginning of an image."""
    return Ask(path=path, cap=HEAD_CAP, byte_range=f"0-{HEAD_CAP - 1}", follow=True)


def siblings(path: str) -> tuple[str, ...]:
    """Where a detached signature of ``path`` usually stands."""
    return tuple(path.partition("?")[0] + suffix for suffix in SIGNATURE_SUFFIXES)


def manifest_offer(path: str, reply: Reply) -> Offer | None:
    """The manifest in a reply; None when it is none."""
    if not isinstance(reply, HttpResponse) or reply.status != 200 or reply.is_truncated or reply.is_opaque:
        return None
    manifest = read_manifest(reply.body)
    if manifest is None:
        return None
    judged = Judged(format=manifest.format, signature=manifest.signature, detail=manifest.detail)
    return Offer(path=path, judged=judged, bytes_read=len(reply.body), manifest=manifest, beside=siblings(path))


def image_offer(path: str, reply: Reply) -> Offer | None:
    """The image in a reply to :func:`head_of`; None for a page, a text, a refusal."""
    if not isinstance(reply, HttpResponse) or reply.status not in (200, 206) or reply.is_opaque:
        return None
    if reply.status == 206 and not reply.header("content-range").strip().lower().startswith("bytes 0-"):
        return None
    if reply.is_html and reply.media_type:
        return None
    size = len(reply.body) if reply.status == 200 and not reply.is_truncated else reply.whole_size
    sample = Sample(head=reply.body, size=size)
    judged = judge_image(sample)
    if judged is None:
        return None
    return Offer(
        path=path,
        judged=judged,
        bytes_read=len(reply.body),
        is_truncated=not sample.is_whole,
        sample=sample,
        can_range=reply.status == 206,
        beside=siblings(path),
    )


def settle(offer: Offer, replies: Mapping[Ask, Reply], control: HttpResponse) -> Artefact:
    """The verdict on one offer, from itself and what was found beside it."""
    judged, read = _with_tail(offer, replies)
    if judged.signature != "embedded":
        judged = _with_beside(offer, judged, replies, control)
    return Artefact(
        path=safe_text(offer.path, _PATH),
        role="manifest" if offer.manifest else "image",
        format=judged.format,
        signature=judged.signature,
        detail=safe_text(judged.detail, 300),
        bytes_read=offer.bytes_read + read,
        is_truncated=offer.is_truncated,
    )


def _with_tail(offer: Offer, replies: Mapping[Ask, Reply]) -> tuple[Judged, int]:
    ask = offer.tail()
    reply = replies.get(ask) if ask else None
    if offer.sample is None or not isinstance(reply, HttpResponse) or reply.status != 206 or reply.is_truncated:
        return offer.judged, 0
    start = ask.byte_range.partition("-")[0] if ask else ""
    if not reply.header("content-range").strip().lower().startswith(f"bytes {start}-"):
        return offer.judged, 0
    judged = judge_image(msgspec.structs.replace(offer.sample, tail=reply.body))
    return judged or offer.judged, len(reply.body)


def _with_beside(offer: Offer, judged: Judged, replies: Mapping[Ask, Reply], control: HttpResponse) -> Judged:
    """``detached`` where a signature stands elsewhere; ``unknown`` where that could not be asked."""
    if offer.signed_in_manifest:
        return _detached(judged, "a signature stands with it in the manifest")
    has_gap = False
    for ask in offer.signatures():
        reply = replies.get(ask)
        if not isinstance(reply, HttpResponse) or _keeps_out(reply):
            has_gap = True
        elif reply.status == 200 and reply.body != control.body and (kind := signature_kind(reply.body)):
            return _detached(judged, f"{kind} signature at {ask.path}")
    if has_gap:
        why = f"{judged.detail}; whether a signature stands beside it could not be asked"
        return msgspec.structs.replace(judged, signature="unknown", detail=why)
    detail = f"{judged.detail}; no signature beside it ({', '.join(SIGNATURE_SUFFIXES)})"
    return msgspec.structs.replace(judged, detail=detail)


def _keeps_out(reply: HttpResponse) -> bool:
    """True when a reply tells nothing of what is there."""
    is_cut = reply.status == 200 and not reply.is_html and (reply.is_truncated or reply.is_opaque)
    return is_cut or reply.status in (401, 403, 407, 429) or reply.status >= 500


def _detached(judged: Judged, what: str) -> Judged:
    return msgspec.structs.replace(judged, signature="detached", detail=f"{what}; {NOT_VERIFIED}")
