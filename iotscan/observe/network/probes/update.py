"""Update manifests, images and upload pages that a web server gives to anybody; GET only.

What counts is content: a manifest must parse as one, an image must be no text, a signature must have the
structure of one, an upload page must hold the form. A path that nobody has is asked first, so that a
server that says 200 to everything proves nothing.
"""

import re
from collections.abc import Iterable
from typing import Final

import msgspec

from iotscan.model.facts import Artefact, PublicKey, UpdateServer, UploadForm
from iotscan.model.text import safe_text
from iotscan.observe.network.failures import BudgetSpent, DialError
from iotscan.observe.network.probe import Door, Heard, Probe, missed, speaks_tls
from iotscan.observe.network.probes import image_places, repositories
from iotscan.observe.network.probes.offers import (
    MANIFEST_CAP,
    Offer,
    head_of,
    image_offer,
    manifest_offer,
    settle,
    siblings,
)
from iotscan.observe.network.probes.web import NotHttp, ask_all, control, nothing_found, origin
from iotscan.observe.network.web_session import TELLS_NOTHING, Ask, Reply
from iotscan.wire.html import Form, Page, read_page
from iotscan.wire.http import HttpResponse

MANIFESTS: Final = (
    "/firmware/manifest.json",
    "/update/manifest.json",
    "/ota/manifest.json",
    "/firmware.json",
    "/latest.json",
    "/manifest.json",
    "/firmware/latest.json",
)
IMAGES: Final = ("/firmware.bin", "/update.bin")
UPLOADS: Final = ("/update", "/upgrade", "/firmware", "/ota", "/cgi-bin/upgrade")
RARE: Final = frozenset({*MANIFESTS[2:], *IMAGES[1:], *UPLOADS[2:]})
"""What a server that closes after each answer is not asked where other services want their share, too."""
_ROOM: Final = 20
"""Conversations: with fewer for each web service of a device, not every usual place is asked in one of its own."""
_LINKED: Final = (".bin", ".img", ".swu", ".raucb", ".mender", ".fw", ".trx", ".itb", ".uf2", ".ipk")
_ABOUT_UPDATES: Final = re.compile(r"update|upgrade|firmware|fwup|(?<![a-z])(?:flash|ota)(?![a-z])")
_INSTALLERS: Final = re.compile(r"\b(?:SWUpdate|RAUC)\b")
_PAGE_CAP = 256 * 1024
_NAMED_LIMIT = 4
"""Images that are looked at beyond those at usual paths."""
_BESIDE_LIMIT = 4
"""Artefacts beside which signatures are looked for."""
_FEW = 4
"""Conversations for the first questions: with so few a server shows that it keeps connections open."""
_UNASKED = "of the places that an image updates from were more than this device is asked for"
_SPARED = "usual places were not asked: it closes each connection, and other services want their share"
_WHOLE_LIMIT = 2
"""Images that are read to their end."""


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """An image that a manifest or a link names: its path here, and what the manifest says of its signature."""

    path: str
    is_signed: bool = False
    signature_path: str = ""


Replies = dict[Ask, Reply]


class Usual(msgspec.Struct, frozen=True, kw_only=True):
    """What every web server is asked: a path that nobody has, pages, manifests, heads of images."""

    control: Ask
    pages: tuple[Ask, ...]
    manifests: tuple[Ask, ...]
    images: tuple[Ask, ...]
    spared: int = 0
    """Usual places that are not asked."""

    @property
    def asks(self) -> tuple[Ask, ...]:
        """All of them, in the order in which they are worth asking."""
        return (self.control, *self.pages[:1], *self.manifests, *self.images, *self.pages[1:])


def _usual(door: Door, wanted: image_places.Wanted) -> Usual:
    is_tight = door.web.closes and door.share < _ROOM
    rare = RARE if is_tight else frozenset()
    listed = [path for path in dict.fromkeys((*MANIFESTS, *wanted.manifests)) if path not in rare]
    return Usual(
        control=control(door),
        pages=tuple(Ask(path=path, cap=_PAGE_CAP, follow=True) for path in ("/", *UPLOADS) if path not in rare),
        manifests=tuple(Ask(path=path, cap=MANIFEST_CAP, follow=True) for path in listed),
        images=tuple(head_of(path) for path in dict.fromkeys((*wanted.images, *IMAGES)) if path not in rare),
        spared=len(rare),
    )


def _ahead(door: Door) -> tuple[Ask, ...]:
    return *_usual(door, image_places.wanted_at(door)).asks, *repositories.guesses()


async def ask_update(door: Door) -> Heard:
    """Ask for what is usual, then for what that names, then for ends of images and signatures beside them."""
    before = door.line.left
    wanted = image_places.wanted_at(door)
    usual = _usual(door, wanted)
    pages, manifests, images = usual.pages, usual.manifests, usual.images
    replies = await _ask(door, usual.asks)
    nobody = replies[usual.control]
    if isinstance(nobody, DialError):
        return Heard(missed=(missed(UpdateServer, nobody),))

    offers = _manifest_offers(replies, manifests, nobody)
    named = _named(door, offers, replies[pages[0]])
    further = tuple(head for n in named[:_NAMED_LIMIT] if (head := head_of(n.path)) not in images)
    # A server that keeps connections open is asked at usual places, too.
    guesses = repositories.guesses() if nobody.status not in TELLS_NOTHING and before - door.line.left <= _FEW else ()
    replies |= await _ask(door, further)
    offers += _image_offers(replies, (*images, *further), named, nobody)

    # What fails from here on shows in the artefact that it was asked for.
    errors = [error for ask, reply in replies.items() if (error := _unread(ask, reply))]
    settled, asked = await _settled(door, offers, nobody, guesses)
    replies |= {ask: reply for ask, reply in asked.items() if ask not in guesses}
    artefacts = image_places.with_names(settled, wanted)
    by_path = {ask.path: replies[ask] for ask in (*manifests, *images)}
    artefacts = (*artefacts, *image_places.unread_files(wanted, by_path, artefacts))
    of_images, unasked = await image_places.read_repositories(door, wanted, _given(door))
    artefacts = (*artefacts, *of_images)
    if nobody.status != 200:
        places = repositories.found_at(door, _page(replies[pages[0]]).links, {g: asked[g] for g in guesses}, nobody)
        places = [place for place in places if place not in wanted.repositories]
        feeds = [feed for place in places for feed in await repositories.read_repository(door, *place, _given(door))]
        artefacts = (*artefacts, *feeds)
    artefacts = tuple(a for a in artefacts if not _is_listed(a, artefacts))
    uploads = _uploads(door, replies, pages, nobody)
    if errors and not uploads and all(a.signature != "none" for a in artefacts):
        # With nothing bad found, what could not be asked may be it.
        return Heard(missed=(missed(UpdateServer, errors[0]),))
    if not artefacts and not uploads and unasked:
        return Heard(missed=(missed(UpdateServer, BudgetSpent(f"{unasked} {_UNASKED}")),))
    if not artefacts and not uploads and usual.spared:
        return Heard(missed=(missed(UpdateServer, BudgetSpent(f"{usual.spared} {_SPARED}")),))
    if not artefacts and not uploads:
        return nothing_found(UpdateServer, nobody)
    fact = UpdateServer(
        tls=speaks_tls(door.service),
        artefacts=artefacts,
        open_uploads=uploads,
        paths_asked=sum(isinstance(r, HttpResponse) for r in replies.values()),
        paths_unread=len(errors) + unasked + usual.spared,
    )
    return Heard(facts=(fact,), excerpt=", ".join([*(a.path for a in artefacts), *(u.path for u in uploads)])[:200])


def _is_listed(artefact: Artefact, feeds: Iterable[Artefact]) -> bool:
    """True for a package in the folder of a feed, which speaks for it: it bears no signature itself."""
    folders = tuple(feed.path[: feed.path.rindex("/") + 1] for feed in feeds if feed.role == "feed")
    return artefact.path.endswith(".ipk") and artefact.path.startswith(folders)


def _given(door: Door) -> tuple[PublicKey, ...]:
    """The keys that the user gave: tried at once on what is too long for a fact to keep."""
    return tuple(key.public for key in door.tools.get("trusted_keys", ()) if key.public is not None)


async def _settled(
    door: Door, offers: list[Offer], nobody: HttpResponse, also: tuple[Ask, ...]
) -> tuple[tuple[Artefact, ...], Replies]:
    """The offers with their ends and the signatures beside them, and what was asked for that.

    ``also`` is asked in the same conversation: a device has few to give.
    """
    open_offers = [offer for offer in offers if offer.wants_more]
    small = [offer for offer in offers if offer.is_small][:_WHOLE_LIMIT]
    ends = [ask for offer in offers if offer not in small and (ask := offer.tail())]
    signatures = [ask for offer in open_offers[:_BESIDE_LIMIT] for ask in offer.signatures()]
    replies = await _ask(door, (*(offer.rest() for offer in small), *ends, *signatures, *also))
    return tuple(settle(offer, replies, nobody, origin(door), _given(door)) for offer in offers), replies


async def _ask(door: Door, asks: Iterable[Ask]) -> Replies:
    several = tuple(dict.fromkeys(asks))
    return dict(zip(several, await ask_all(door, several), strict=True))


def _unread(ask: Ask, reply: Reply) -> DialError | None:
    """Why a reply does not tell what stands at its address; None where it does."""
    if isinstance(reply, DialError):
        return reply
    if reply.status in (429, 503):
        return NotHttp(f"{ask.path} answers {reply.status}")
    if reply.status == 200 and not ask.byte_range and (reply.is_truncated or reply.is_opaque):
        return NotHttp(f"{ask.path} could not be read whole")
    return None


def _manifest_offers(replies: Replies, asks: Iterable[Ask], nobody: HttpResponse) -> list[Offer]:
    if manifest_offer("", nobody):
        return []
    found = (manifest_offer(ask.path, replies[ask]) for ask in asks)
    return [offer for offer in found if offer]


def _image_offers(replies: Replies, asks: Iterable[Ask], named: Iterable[Named], nobody: HttpResponse) -> list[Offer]:
    if image_offer("", nobody):
        return []
    names = {n.path: n for n in named}
    offers = []
    for ask in asks:
        offer = image_offer(ask.path, replies[ask])
        if offer is None:
            continue
        name = names.get(ask.path, Named(path=ask.path))
        beside = (name.signature_path,) if name.signature_path else ()
        offers.append(
            msgspec.structs.replace(offer, signed_in_manifest=name.is_signed, beside=(*beside, *siblings(ask.path)))
        )
    return offers


def _named(door: Door, offers: Iterable[Offer], front: Reply) -> list[Named]:
    """The images on this very service that manifests name, then those the front page links; each once."""
    own = origin(door)
    found: dict[str, Named] = {}
    for offer in offers:
        for image in offer.manifest.images if offer.manifest else ():
            path = own.resolve(image.url, offer.path)
            signature = own.resolve(image.signature_url, offer.path) if image.signature_url else None
            if path:
                found.setdefault(path, Named(path=path, is_signed=image.has_signature, signature_path=signature or ""))
    for link in _page(front).links:
        path = own.resolve(link, front.path if isinstance(front, HttpResponse) else "/")
        if path and path.partition("?")[0].lower().endswith(_LINKED):
            found.setdefault(path, Named(path=path))
    return list(found.values())


def _page(reply: Reply) -> Page:
    if not isinstance(reply, HttpResponse) or reply.status != 200 or reply.is_opaque or not reply.is_html:
        return Page()
    return read_page(reply.body)


def _uploads(door: Door, replies: Replies, pages: Iterable[Ask], nobody: HttpResponse) -> tuple[UploadForm, ...]:
    """The pages that offer an upload to anybody; a form that stands on several counts once.

    On the front page, and on what a server shows for every path, the form must be about updates.
    """
    own, everywhere = origin(door), {_anywhere(form, nobody.path) for form in _page(nobody).forms}
    found: dict[str, UploadForm] = {}
    for ask in pages:
        page, reply = _page(replies[ask]), replies[ask]
        path = reply.path if isinstance(reply, HttpResponse) else ask.path
        installer = _installer(page)
        for form in page.forms if not page.has_password else ():
            is_common = path == "/" or _anywhere(form, path) in everywhere
            action = own.resolve(form.action or path, path) or form.action
            own_words = form if path == "/" else _anywhere(form, path)
            is_shown = form.is_upload and (not is_common or _is_about_updates(own_words))
            if is_shown or (installer and form.is_multipart):
                shown = UploadForm(path=path, action=safe_text(action, 300), installer=installer)
                found.setdefault(action, shown)
    return tuple(found.values())


def _anywhere(form: Form, path: str) -> Form:
    """A form as it is told from others where one page is shown for every path: it may name that path."""
    return msgspec.structs.replace(form, action="") if path in form.action else form


def _installer(page: Page) -> str:
    """The updater whose own page it is, by its title. SWUpdate's draws the field for the file by a script."""
    found = _INSTALLERS.search(page.title)
    return found[0] if found else ""


def _is_about_updates(form: Form) -> bool:
    return bool(_ABOUT_UPDATES.search(form.action.lower()))


PROBE = Probe(
    name="update",
    version=1,
    speaks=frozenset({"http", "https"}),
    gives=(UpdateServer,),
    ask=ask_update,
    stage=4,
    ahead=_ahead,
)
