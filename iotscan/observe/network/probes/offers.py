"""A manifest or image on its way to a verdict: found by its content, then completed by what stands beside it."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from iotscan.model.facts.signing import PublicKey, SignedArtefact
from iotscan.model.facts.update import Artefact
from iotscan.model.text import safe_text
from iotscan.observe.network.web_session import Ask, Reply
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
from iotscan.wire.http import HttpResponse, Origin
from iotscan.wire.signing.offered import read_offered

MANIFEST_CAP: Final = 64 * 1024
HEAD_CAP: Final = 64 * 1024
WHOLE_CAP: Final = 1024 * 1024
"""Bytes up to which an image is read to its end, so that its signature can be tried."""
_TAIL_CAP = 64 * 1024
"""RAUC takes no longer message at the end of a bundle, unless told otherwise."""
_SIGNATURE_CAP = 16 * 1024
_PATH = 300
_HOSTS = 8


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """An artefact as first seen. ``beside`` are paths where a signature of its own may stand.

    ``manifest`` and its ``text`` for a manifest, ``sample`` for an image; ``signed_in_manifest`` when the manifest that
    named it holds a signature for it; ``can_range`` when the server gives pieces.
    """

    path: str
    judged: Judged
    bytes_read: int
    is_truncated: bool = False
    manifest: Manifest | None = None
    text: bytes = b""
    sample: Sample | None = None
    signed_in_manifest: bool = False
    can_range: bool = False
    beside: tuple[str, ...] = ()

    @property
    def wants_more(self) -> bool:
        """True when the signature is not settled by the artefact's own first bytes."""
        return self.judged.signature != "embedded" and not self.signed_in_manifest

    @property
    def is_small(self) -> bool:
        """True for an image that was not read to its end and is short enough to be."""
        return self.sample is not None and not self.sample.is_whole and (self.sample.size or WHOLE_CAP + 1) <= WHOLE_CAP

    def rest(self) -> Ask:
        """The question for all of a small image behind what was read; all of it where the server gives no pieces."""
        assert self.sample is not None
        assert self.sample.size is not None
        if not self.can_range:
            return Ask(path=self.path, cap=self.sample.size)
        start, end = len(self.sample.head), self.sample.size - 1
        return Ask(path=self.path, cap=end - start + 1, byte_range=f"{start}-{end}")

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
    return Offer(
        path=path, judged=judged, bytes_read=len(reply.body), manifest=manifest, text=reply.body, beside=siblings(path)
    )


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


def settle(
    offer: Offer, replies: Mapping[Ask, Reply], control: HttpResponse, own: Origin, keys: Sequence[PublicKey] = ()
) -> Artefact:
    """The verdict on one offer, from itself and what was found beside it."""
    sample, read = _completed(offer, replies)
    judged = (judge_image(sample) if sample and read else None) or offer.judged
    beside = _signatures_beside(offer, replies, control)
    signed = _signed(offer, sample, judged, beside, keys)
    if judged.signature != "embedded":
        judged = _with_beside(offer, judged, replies, beside)
    return Artefact(
        path=safe_text(offer.path, _PATH),
        role="manifest" if offer.manifest else "image",
        format=judged.format,
        signature=judged.signature,
        detail=safe_text(judged.detail, 300),
        bytes_read=offer.bytes_read + read,
        is_truncated=offer.is_truncated and not (sample and sample.is_whole),
        signed=signed,
        elsewhere=_elsewhere(offer, own),
    )


def _completed(offer: Offer, replies: Mapping[Ask, Reply]) -> tuple[Sample | None, int]:
    """The sample with what was fetched after its head, and how many bytes those are.

    A piece counts only where it is the one that was asked for: by its range, and by its length.
    """
    sample = offer.sample
    if sample is None or sample.is_whole or sample.size is None:
        return sample, 0
    if offer.is_small and (whole := _piece(offer.rest(), replies)):
        head = sample.head + whole if offer.can_range else whole
        if len(head) == sample.size and head.startswith(sample.head):
            return Sample(head=head, size=sample.size), len(whole)
    ask = offer.tail()
    tail = _piece(ask, replies) if ask else b""
    return (msgspec.structs.replace(sample, tail=tail), len(tail)) if tail else (sample, 0)


def _piece(ask: Ask, replies: Mapping[Ask, Reply]) -> bytes:
    """The bytes that were asked for, none where others came or fewer."""
    reply = replies.get(ask)
    if not isinstance(reply, HttpResponse) or reply.is_truncated or reply.is_opaque or len(reply.body) != ask.cap:
        return b""
    if not ask.byte_range:
        return reply.body if reply.status == 200 else b""
    said = reply.header("content-range").strip().lower().partition("/")[0]
    return reply.body if reply.status == 206 and said == f"bytes {ask.byte_range}" else b""


def _signed(
    offer: Offer,
    sample: Sample | None,
    judged: Judged,
    beside: Mapping[str, bytes],
    keys: Sequence[PublicKey],
) -> SignedArtefact | None:
    """The offer as what a key can be tried on; None where its format is not read."""
    if offer.manifest is not None:
        whole = Sample(head=offer.text, size=len(offer.text))
        return read_offered(whole, offer.path, judged.format, beside, keys)
    return read_offered(sample, offer.path, judged.format, beside, keys, _why_not_whole(offer)) if sample else None


def _why_not_whole(offer: Offer) -> str:
    size = offer.sample.size if offer.sample else None
    if size is None:
        return "the server does not say how long it is: only its beginning was read"
    if size <= WHOLE_CAP:
        return "only pieces of it were read"
    pieces = "" if offer.can_range else ", and the server gives no pieces"
    return f"larger than {WHOLE_CAP >> 10} KiB: not read whole{pieces}"


def _elsewhere(offer: Offer, own: Origin) -> tuple[str, ...]:
    """The other origins from which what a manifest names is to be fetched, as it says."""
    named = offer.manifest.images if offer.manifest else ()
    found = (own.elsewhere(image.url, offer.path) for image in named)
    return tuple(dict.fromkeys(safe_text(f, 200) for f in found if f))[:_HOSTS]


def _signatures_beside(offer: Offer, replies: Mapping[Ask, Reply], control: HttpResponse) -> dict[str, bytes]:
    """What stands beside the artefact and has the structure of a signature, by path."""
    found = {}
    for ask in offer.signatures():
        reply = replies.get(ask)
        if not isinstance(reply, HttpResponse) or reply.status != 200 or reply.body == control.body:
            continue
        if not reply.is_truncated and not reply.is_opaque and signature_kind(reply.body):
            found[ask.path] = reply.body
    return found


def _with_beside(offer: Offer, judged: Judged, replies: Mapping[Ask, Reply], beside: Mapping[str, bytes]) -> Judged:
    """``detached`` where a signature stands elsewhere; ``unknown`` where that could not be asked."""
    if offer.signed_in_manifest:
        return _detached(judged, "a signature stands with it in the manifest")
    for path, body in beside.items():
        return _detached(judged, f"{signature_kind(body)} signature at {path}")
    asked = [replies.get(ask) for ask in offer.signatures()]
    if any(not isinstance(reply, HttpResponse) or _keeps_out(reply) for reply in asked):
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
