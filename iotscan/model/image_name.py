"""The name of an image without what changes from build to build: ``gw-1.4.2-rc1.tar.gz`` is ``gw``."""

import re

_TAG = re.compile(r"(?P<name>[^@]*?)(:[\w][\w.-]{0,127})?(@sha256:[0-9a-f]{64})?")
_ENDINGS = re.compile(
    r"\.(tar|tgz|txz|tbz2?|gz|xz|zst|bz2|lzma|lz4|zip|7z|img|bin|raw|wic|iso|squashfs|sqfs|sqsh|ext[234]|cpio"
    r"|ubifs|ubi|jffs2|cramfs|erofs|fit|itb|swu|raucb|mender|oci|docker|rootfs)$",
    re.IGNORECASE,
)
_DATE = r"\d{4}[-_.]?\d{2}[-_.]?\d{2}(?:[-_.]?T?\d{2}[-_.:]?\d{2}(?:[-_.:]?\d{2})?Z?)?"
_NOISE = re.compile(
    r"(?:^|(?<=[-_+~ .]))(?:"
    rf"{_DATE}"
    r"|v?\d+(?:\.\d+)+(?:[a-z]{1,5}\.?\d*)?"  # 1.2, v1.2.3, 1.2rc1
    r"|\d{6,}"  # times, pipeline numbers
    r"|g?(?=[0-9a-f]*\d)(?=\d*[a-f])[0-9a-f]{7,40}"  # commits
    r"|(?:build|rc|alpha|beta|pre|nightly|snapshot|r(?=\d{3}))[-_.]?\d+"
    r"|latest|nightly|snapshot"
    r")(?=$|[-_+~ .])",
    re.IGNORECASE,
)
_LAST_VERSION = re.compile(r"(?<=[\w])[-_]v\d+$", re.IGNORECASE)
_SEPARATORS = re.compile(r"[-_+~ .]{2,}")


def image_name(source: str) -> str:
    """A lasting name for an image given by path or registry reference.

    Dropped are tag and digest, endings of archives and file systems, dotted versions, dates, commits,
    build numbers after such a word, numbers of six digits and more, and a last ``-v2``. A folder that is
    nothing else (``build-42``) gives way to the one above it. What may be a model stays: ``gw-2``, ``rpi4``.
    """
    parts = [p for p in source.split("/") if p not in ("", ".", "..")]
    for part in reversed(parts):
        name = _without_noise(part)
        if any(c.isalpha() for c in name):
            return name
    return parts[-1] if parts else "image"


def _without_noise(part: str) -> str:
    found = _TAG.fullmatch(part)
    name = (found["name"] if found else part) or part
    while (shorter := _ENDINGS.sub("", name)) != name and shorter:
        name = shorter
    while (shorter := _LAST_VERSION.sub("", _NOISE.sub("", name).strip("-_+~ .:"))) != name:
        name = shorter
    return _SEPARATORS.sub(lambda run: run.group()[0], name)
