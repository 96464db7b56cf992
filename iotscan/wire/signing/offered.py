"""What a server offers for update, as a signed artefact: read whole where all of it was fetched, else by its pieces."""

from collections.abc import Mapping, Sequence
from typing import Final

from iotscan.model.facts.signing import ArtefactFormat, PublicKey, SignedArtefact
from iotscan.model.text import safe_text
from iotscan.wire.artefact.sample import Sample
from iotscan.wire.signing.avb import read_avb
from iotscan.wire.signing.detached import read_detached
from iotscan.wire.signing.fit import read_fit
from iotscan.wire.signing.formats import FORMS
from iotscan.wire.signing.mcuboot import read_mcuboot
from iotscan.wire.signing.mender import read_mender
from iotscan.wire.signing.rauc import read_rauc, read_rauc_tail
from iotscan.wire.signing.source import Source
from iotscan.wire.signing.suit import read_suit
from iotscan.wire.signing.swupdate import read_swupdate, read_swupdate_head
from iotscan.wire.signing.sysupgrade import read_sysupgrade
from iotscan.wire.signing.windows import Memory

_FORMATS: Final[dict[str, ArtefactFormat]] = {
    "rauc": "rauc",
    "rauc-crypt": "rauc",
    "swupdate": "swupdate",
    "mender": "mender",
    "mcuboot": "mcuboot",
    "suit": "suit",
    "fit": "fit",
    "vbmeta": "avb",
    "openwrt-sysupgrade": "openwrt-sysupgrade",
}
"""Names of the recognition by structure, where a reader of the whole knows the format."""


def read_offered(
    sample: Sample,
    path: str,
    format: str,
    beside: Mapping[str, bytes] | None = None,
    keys: Sequence[PublicKey] = (),
    why_not_whole: str = "",
) -> SignedArtefact | None:
    """The artefact of which ``sample`` is all, or its first and last bytes; None for a format that is not read.

    ``format`` is what it was recognised as by structure. ``beside`` are signatures in files of their own, by name: they
    count where the artefact itself bears none. ``why_not_whole`` says why the rest was not fetched.
    """
    name = path.partition("?")[0]
    if not sample.is_whole:
        return _in_pieces(sample, name, format, why_not_whole)
    source = Memory(sample.head)
    found = _whole(source, name, keys)
    if found is not None and found.protection != "none":
        return found
    return next((s for v in (beside or {}).values() if (s := read_detached(source, v, name, keys, FORMS))), found)


def _whole(source: Source, path: str, keys: Sequence[PublicKey]) -> SignedArtefact | None:
    """The first reader whose format it is. Those that look at the end come first, as what they know begins anyhow."""
    return (
        read_sysupgrade(source, path, keys)
        or read_rauc(source, path)
        or read_swupdate(source, path)
        or read_mender(source, path)
        or read_fit(source, path, keys)
        or read_mcuboot(source, path, keys)
        or read_suit(source, path)
        or read_avb(source, path)
    )


def _in_pieces(sample: Sample, path: str, format: str, why: str) -> SignedArtefact | None:
    if sample.size is not None:
        if sample.tail and (found := read_rauc_tail(sample.tail, sample.size, path)):
            return found
        if format == "swupdate" and (found := read_swupdate_head(sample.head, sample.size, path)):
            return found
    known = _FORMATS.get(format)
    if known is None:
        return None
    problem = why or "only pieces of it were read"
    return SignedArtefact(path=safe_text(path), format=known, protection="unknown", problem=problem)
