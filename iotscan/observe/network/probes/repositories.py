"""Feeds and repositories of updates on a web server: the index and its signature, never the packages.

A reader of a format takes files by their name. It is run on what was fetched, says which file it misses, and is run
again with that one, until it has all that it looks at or what a device may be asked for is used up. What was not
fetched is a ``problem`` of the artefact: such a one is never called verified.
"""

import posixpath
import re
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from iotscan.model.facts.signing import PublicKey, SignedArtefact
from iotscan.model.facts.update import Artefact, Signature
from iotscan.model.text import safe_text
from iotscan.observe.network.failures import DialError
from iotscan.observe.network.probe import Door
from iotscan.observe.network.probes.repository_kinds import FILE_CAP, KINDS, Kind
from iotscan.observe.network.probes.web import ask_all, origin
from iotscan.observe.network.web_session import Ask, Reply
from iotscan.wire.http import HttpResponse
from iotscan.wire.signing.source import Source
from iotscan.wire.signing.unpacking import NotRead
from iotscan.wire.signing.windows import Memory

FILES: Final = 24
"""Files of one repository that are asked for."""
_ROUNDS: Final = 5
"""Conversations for one repository, each for all that is missed at that time."""
_REPOSITORIES: Final = 2
_RESERVE: Final = 8
"""Conversations that are left for what else the device is asked."""
_LONG: Final = f"a file of it is longer than {FILE_CAP >> 10} KiB, or was not given whole"
_GUESS_CAP: Final = 16 * 1024
_PAYLOADS: Final = 32
_PATH: Final = 300
_NUMBERED: Final = re.compile(r"(\d{1,6})\.root\.json")


def guesses() -> tuple[Ask, ...]:
    """The questions for repositories at usual places; only where many questions cost few conversations."""
    return tuple(Ask(path=f + kind.markers[0], cap=_GUESS_CAP, is_guess=True) for kind in KINDS for f in kind.guesses)


def found_at(
    door: Door, links: Iterable[str], guessed: dict[Ask, Reply], nobody: HttpResponse
) -> list[tuple[Kind, str]]:
    """Formats and folders of repositories: those that a page links to, and those that were guessed right."""
    own = origin(door)
    places: dict[tuple[Kind, str], None] = {}
    linked = [path for link in links if (path := own.resolve(link, "/")) and "?" not in path]
    right = [ask.path for ask, reply in guessed.items() if _is_file(reply, nobody)]
    for path in (*linked, *right):
        for kind in KINDS:
            if posixpath.basename(path) in kind.markers:
                places[kind, path[: path.rindex("/") + 1]] = None
    # In a flat repository of apt the index stands beside the release file, which speaks for it.
    apt = {folder for kind, folder in places if kind.name == "apt"}
    return [(kind, folder) for kind, folder in places if kind.name != "opkg" or folder not in apt][:_REPOSITORIES]


def _is_file(reply: Reply, nobody: HttpResponse) -> bool:
    if not isinstance(reply, HttpResponse) or reply.status != 200 or reply.is_html or not reply.body:
        return False
    return reply.body != nobody.body


async def read_repository(
    door: Door, kind: Kind, folder: str, keys: Sequence[PublicKey], named_by: tuple[str, ...] = ()
) -> tuple[Artefact, ...]:
    """What stands in a folder, read as a repository of that kind: none where it is none.

    Where images (``named_by``) take their updates from there, what is not given to us is told as well.
    """
    shelf = _Shelf(door, folder, re.compile(kind.further) if kind.further else None)
    wanted = list(kind.first)
    path = folder + kind.markers[0]
    found: tuple[SignedArtefact, ...] = ()
    for _ in range(_ROUNDS):
        await shelf.fetch(wanted)
        try:
            found = kind.read(shelf, folder, path, keys)
        except NotRead:
            found = ()
        if not shelf.missed or shelf.is_full:
            break
        wanted = _together(shelf.missed)
    why = shelf.why_unread(kind.markers, also_refused=bool(named_by))
    if not found and why:
        # By its name it is one, and it was not given whole: that is no absence.
        unread = Artefact(path=safe_text(path, _PATH), role="feed", format=kind.name, signature="unknown", detail=why)
        return (msgspec.structs.replace(unread, named_by=named_by),)
    return tuple(msgspec.structs.replace(_artefact(signed, path, shelf), named_by=named_by) for signed in found)


def _together(name: str) -> list[str]:
    """What will be missed next to a file, too: roots come in a row, and commits with their signatures."""
    numbered = _NUMBERED.fullmatch(name)
    if numbered:
        first = int(numbered[1])
        return [f"{n}.root.json" for n in range(first, first + 8)]
    return [name, f"{name}meta"] if name.endswith(".commit") else [name]


def reserve_is_reached(door: Door) -> bool:
    """True when what is left of the device's conversations is for other questions."""
    return door.line.left <= _RESERVE


class _Shelf:
    """The files of a repository that were fetched, by name, as its readers take them."""

    def __init__(self, door: Door, folder: str, further: re.Pattern[str] | None) -> None:
        self._door = door
        self._folder = folder
        self._further = further
        self._found: dict[str, bytes | str | None] = {}
        self.missed = ""
        self.bytes_read = 0

    @property
    def is_full(self) -> bool:
        """True when no more of it is asked for."""
        return len(self._found) >= FILES or reserve_is_reached(self._door)

    def why_unread(self, names: Iterable[str], *, also_refused: bool) -> str:
        """Why one of the files is not here although it is there, or may be; empty where that is true of none."""
        said = (self._found.get(name) for name in names)
        return next((why for why in said if isinstance(why, str) and (also_refused or why == _LONG)), "")

    def __call__(self, name: str) -> Source | None:
        """A file; None for one that is not there. Raises NotRead for what was not fetched."""
        if name in self._found:
            found = self._found[name]
            if isinstance(found, str):
                raise NotRead(found)
            return None if found is None else Memory(found)
        if name == "Packages" and self._found.get("Packages.gz") is not None:
            # What devices fetch is the packed one.
            return None
        if name.endswith((".dirtree", ".dirmeta", ".filez")):
            raise NotRead("only its commit was fetched")
        if self._further is None or not self._further.fullmatch(name):
            return None
        self.missed = name
        raise NotRead(f"only {sum(f is not None for f in self._found.values())} of its files were fetched")

    async def fetch(self, names: Iterable[str]) -> None:
        """Ask for files, in one conversation where the server lets us."""
        self.missed = ""
        several = [name for name in names if name not in self._found][: FILES - len(self._found)]
        paths = {name: origin(self._door).resolve(name, self._folder) for name in several}
        inside = {name: path for name, path in paths.items() if path and path.startswith(self._folder)}
        asks = [Ask(path=path, cap=FILE_CAP, follow=True) for path in inside.values()]
        replies = await ask_all(self._door, asks)
        self._found |= dict.fromkeys(several, "its name leads elsewhere")
        self._found |= dict(zip(inside, map(_content, replies), strict=True))
        self.bytes_read += sum(len(r.body) for r in replies if isinstance(r, HttpResponse))


def _content(reply: Reply) -> bytes | str | None:
    """A file, None for one that is not there, or why that cannot be told."""
    if isinstance(reply, DialError):
        return f"a file of it could not be fetched: {reply}"
    if reply.status in (404, 410) or (reply.status == 200 and reply.is_html):
        # A page is none of the files of a repository, whatever its name.
        return None
    if reply.status != 200:
        return f"a file of it answers {reply.status}"
    if reply.is_truncated or reply.is_opaque:
        return _LONG
    return reply.body


def _artefact(signed: SignedArtefact, path: str, shelf: _Shelf) -> Artefact:
    presence: dict[str, Signature] = {"none": "none", "signed": "embedded"}
    problem = signed.problem
    if signed.protection == "signed" and not problem:
        problem = "only its index was fetched"
    # What nothing covers, and what is not as its digest says, comes first: it decides.
    payloads = sorted(signed.payloads, key=lambda p: (p.is_covered, p.matches.known is not False))[:_PAYLOADS]
    kept = msgspec.structs.replace(signed, problem=problem, payloads=tuple(payloads))
    return Artefact(
        path=safe_text(path, _PATH),
        role="feed",
        format=signed.format,
        signature=presence.get(signed.protection, "unknown"),
        detail=safe_text(signed.damage or problem or signed.variant, 300),
        bytes_read=shelf.bytes_read,
        signed=kept,
    )
