"""Segments of a path, levels of a topic, labels of a name that look like a token: who reads them might use them.

A URL or a topic that nobody can guess is a key (W3C, Good Practices for Capability URLs); so are the identifiers in
it. A segment has no name beside it that says what it is: it is judged by its form alone. What is shown as ``*`` for
nothing is only harder to read.
"""

import hashlib
import re
from itertools import pairwise
from typing import Final

from iotscan.wire.secret_forms.placeholders import entropy

MASK: Final = "*"
_SHORTEST: Final = 16
_HEX, _HEX_ALONE = 24, 17
"""Hexadecimal digits: with separators, dates and hashes of builds come up to 23; without, addresses (EUI-64) to 16."""
_LONGEST: Final = 4096
_FORMS: Final = re.compile(
    r"eyJ[\w-]{5,}(?:\.[\w-]*){0,4}"  # RFC 7519 section 3.1: '{"' in base64url
    r"|(?:bot)?[0-9]{8,10}:[\w-]{30,}"
    r"|(?:gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|npm_|AKIA|ASIA|AIza|[srp]k_(?:live|test)_|sk-)[\w-]{12,}"
)
_MAIL: Final = re.compile(r"[\w.%+-]{1,64}@(?:[\w-]{1,63}\.)+[A-Za-z]{2,18}")
_ENDING: Final = re.compile(r"(?<=[\w=])\.[a-z][a-z0-9]{1,3}\Z")
"""That of a file: what it is may be told."""
_DRAWN: Final = re.compile(r"[\w~=+%.:-]+", re.ASCII)
_HEX_DIGITS: Final = re.compile(r"(?:0x)?[0-9A-Fa-f]+")
_CASES: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_DIGITS: Final = re.compile(r"[0-9]+")
_TURNS: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_RESTLESS: Final = 0.27
"""Turns of a character: names have fewer than one in five."""
_NATURAL: Final = 0.65
"""The share of usual pairs of letters: in words it is above, in what was drawn it is about a quarter."""
_PAIRS: Final = frozenset(
    word[0] + second
    for word in """
    abcdgiklmnprstuy belo caehklorstu daeiosy eacdefglmnprstvxy faefior geirsu haeio iacdefglmnorstv
    kens ladeilosty maeiop nacdefginost ocdgklmnoprstuvw paelort qu radeimostuvy sacehiopstuw
    taehilorstwy uelmnprst vaei waehino ys
    """.split()  # noqa: SIM905  # as prose it can be read
    for second in word[1:]
)
"""A first letter and those that often follow it: nine of ten pairs in technical English."""
_NAMED: Final = re.compile(
    r"(?i)(?<![a-z])((?:pass(?:word|wd|phrase)?|pwd)=)[^=]{1,512}?(?=_[a-z]{1,40}=|\Z)"
    r"|(?<![a-z])((?:(?:access_?)?token|secret|api[-_]?key|sid|session|signature)=)[^=]{8,512}?(?=_[a-z]{1,40}=|\Z)"
)
"""A value whose name says that it is one; some cameras write their query as a path (``user=a_password=b``)."""
_SAYS_SO: Final = re.compile(
    r"(?i)(?:access[-_]?)?tokens?|api[-_]?keys?|keys?|secrets?|sessions?|sid|reset|verify|confirm|activate|invites?"
)
"""A segment behind which a key mostly stands."""
_SHORT_KEY: Final = re.compile(r"[A-Za-z0-9]{8,15}")
_SEGMENT: Final = re.compile(r"[^/\s,;&?#()<>\[\]{}\"'…]+")


def masked(text: str, *, after: str = "") -> str:
    """``text`` with each part of it that looks like a token, or is an address of mail, shown as ``*``. Idempotent.

    Parts are what stands between slashes, blanks and punctuation; of ``name=value`` and of a file's name, what is no
    token stays. ``after`` is the segment before a text that is one of a path. Never raises; takes time in proportion
    to the text.
    """
    before, ended = after, -1 if after else -2

    def shown(found: re.Match[str]) -> str:
        nonlocal before, ended
        follows = ended + 1 == found.start() and (ended < 0 or text[ended] == "/")
        said, before, ended = before if follows else "", found[0], found.end()
        return MASK if said and _is_key_after(said, found[0]) else _shown(found[0])

    return _SEGMENT.sub(shown, text)


def _is_key_after(before: str, segment: str) -> bool:
    """Whether a short segment is what the one before it says: of letters and digits in turns, and no words."""
    if not _SHORT_KEY.fullmatch(segment) or not _SAYS_SO.fullmatch(before):
        return False
    return not segment.isdigit() and len(_TURNS.findall(segment)) >= 4 and not _is_natural(segment)


def masked_host(name: str) -> str:
    """A name of the DNS without labels that look like a token: ``hidden-1f3a5c.cloud.example``.

    Two such names stay two, and the same one the same: six digits of a digest tell them apart, and nobody a token.
    """
    if len(name) < _SHORTEST:
        return name
    return ".".join(_digest(label) if is_opaque(label) else label for label in name.split("."))


def _digest(label: str) -> str:
    return f"hidden-{hashlib.sha256(label.lower().encode('utf-8', 'surrogatepass')).hexdigest()[:6]}"


def _shown(segment: str) -> str:
    if "=" in segment:
        segment = _NAMED.sub(_without_value, segment)
    if len(segment) < _SHORTEST and "@" not in segment:
        return segment
    if "@" in segment:
        segment = _MAIL.sub(MASK, segment)
    return "=".join(map(_part, segment.split("="))) if "=" in segment else _part(segment)


def _without_value(found: re.Match[str]) -> str:
    return f"{found[1] or found[2]}{MASK}"


def _part(segment: str) -> str:
    ending = _ENDING.search(segment)
    stem = segment[: ending.start()] if ending else segment
    if ending and "." not in stem and is_opaque(stem):
        return MASK + ending[0]
    return MASK if is_opaque(segment) else segment


def is_opaque(segment: str) -> bool:
    """Whether a segment looks drawn at random: long, of letters and digits among each other, of no words.

    Digests and UUIDs are, too; names with a version or a number, hardware addresses and serial numbers are not.
    """
    segment = segment[:_LONGEST]
    if len(segment) < _SHORTEST:
        return False
    if _FORMS.search(segment):
        return True
    if not _DRAWN.fullmatch(segment):
        return False
    if _HEX_DIGITS.fullmatch(hexadecimal := re.sub(r"[-:_]", "", segment)):
        return len(set(hexadecimal)) >= 4 and (len(hexadecimal) >= _HEX or _is_long_hex(segment))
    words = re.split(r"[-_.:~=+%]", segment)
    return any(map(_is_drawn, words)) or _is_restless(segment, words)


def _is_long_hex(word: str) -> bool:
    """Longer than an address, in one piece, and no number, of a time or a card."""
    digits = word.removeprefix("0x")
    letters = sum(map(str.isalpha, digits))
    return len(digits) >= _HEX_ALONE and digits.isalnum() and 2 <= letters <= len(digits) - 2


def _is_drawn(word: str) -> bool:
    """One word without separators."""
    if len(word) < _SHORTEST or _HEX_DIGITS.fullmatch(word) or entropy(word.encode()) < 3.0 or _is_natural(word):
        return False
    return len(_DIGITS.findall(word)) >= 2 or _is_restless(word, [word])


def _is_restless(text: str, words: list[str]) -> bool:
    """Letters of both cases and digits come in short turns, as in base64, which has separators among them, too."""
    has_digit = any(map(str.isdigit, text))
    if entropy(text.encode()) < 3.2 or _is_natural(text) or (not has_digit and len(text) < 20):
        return False
    turns = sum(len(_TURNS.findall(word)) for word in words if word) - sum(map(bool, words))
    return turns >= _RESTLESS * len(text)


def _is_natural(text: str) -> bool:
    """Most pairs of letters are usual ones. A capital begins a word: no pair goes across."""
    pairs = [a + b for part in _CASES.findall(text) for a, b in pairwise(part.lower())]
    return 4 * len(pairs) >= len(text) and sum(pair in _PAIRS for pair in pairs) >= _NATURAL * len(pairs)
