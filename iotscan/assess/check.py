"""What a check is: metadata, a pure function, and the needs its annotations declare."""

import inspect
import re
import typing
from collections.abc import Callable, Iterator
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any, Generic, Literal, TypeVar

import msgspec

from iotscan.assess.apart import Apart
from iotscan.assess.keyring import Keyring
from iotscan.assess.parameters import fits_default
from iotscan.model.earlier import EarlierCertificate
from iotscan.model.facts import Fact, TrustedKey, kind_of
from iotscan.model.parameter import ParameterInfo, Value
from iotscan.model.result import CheckInfo, Clause, VariantInfo
from iotscan.model.sighting import KeyKind, KeySighting
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import Confidence, Element, Reason, Severity

F = TypeVar("F", bound=Fact)


class Seen(msgspec.Struct, Generic[F], frozen=True, kw_only=True):
    """A fact together with whom it is about."""

    fact: F
    subject: Subject


class Each(msgspec.Struct, Generic[F], frozen=True, kw_only=True):
    """Need: all facts of one type on one device, judged together.

    ``missed`` says why there may be more than was seen (a service that did not answer); empty when not.
    What only holds of all of them is no verdict then.
    """

    seen: tuple[Seen[F], ...]
    missed: str = ""

    def __iter__(self) -> Iterator[Seen[F]]:
        return iter(self.seen)


class Linked(msgspec.Struct, Generic[F], frozen=True, kw_only=True):
    """Need: all facts of one type of the image that the device in question is known to run.

    Not the first need of a check: it is asked about the device. Where no image of the run is known to be what it runs,
    the question is not assessed.
    """

    seen: tuple[Seen[F], ...]
    image: str = ""
    """What the image is called."""

    def __iter__(self) -> Iterator[Seen[F]]:
        return iter(self.seen)


class Fleet(msgspec.Struct, Generic[F], frozen=True, kw_only=True):
    """Need: all facts of one type over all devices, once discovery has closed.

    Return one verdict for each subject that is bad, with ``about=seen.subject``; the others pass.
    ``device_of`` tells which device an address' facts belong to (``subject.device``).
    """

    seen: tuple[Seen[F], ...]

    def __iter__(self) -> Iterator[Seen[F]]:
        return iter(self.seen)


class Presence(msgspec.Struct, Generic[F], frozen=True, kw_only=True):
    """Need: absence *is* the question. ``fact`` is None when it was looked for and is not there."""

    fact: F | None


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a check is looking at, for its sentence and its reproduce line."""

    subject: Subject
    label: str = ""
    names: tuple[str, ...] = ()
    """What the device calls itself: names, models, makers. Its own word, proved by nothing."""
    server_name: str = ""
    """The host name that the user gave, by which the certificates that the check is told of were asked for."""
    host_names: tuple[str, ...] = ()
    """The host names that it claims by mDNS, LLMNR, NetBIOS or DHCP, as clients write them. Its own word, too."""

    def is_called(self, glob: str) -> bool:
        """True when one of the names matches, whatever its case."""
        return any(fnmatchcase(name.lower(), glob.lower()) for name in self.names)

    def is_at(self, glob: str) -> bool:
        """True when ``glob`` is the address, the service (``tcp/443``) or both (``192.0.2.7 tcp/443``), or fits a
        name: of what answers for it, an address is proved and a name is the device's word.
        """
        places = (self.host, self.subject.service, f"{self.host} {self.subject.service}")
        return any(fnmatchcase(place, glob) for place in places if place.strip()) or self.is_called(glob)

    @property
    def host(self) -> str:
        """The address as it stands on a command line; IPv6 without brackets, link-local with its zone."""
        return self.subject.address

    @property
    def port(self) -> int:
        """The port, 0 when it is about a whole device."""
        return self.subject.port

    @property
    def authority(self) -> str:
        """``host:port`` as it stands in a URL; IPv6 in brackets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def url(self, scheme: str, path: str = "/") -> str:
        """A URL on this service, as curl takes it: the zone of a link-local address behind ``%25`` (RFC 6874)."""
        return f"{scheme}://{self.authority.replace('%', '%25')}{path}"


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What the profile says to a check: which TLS policy holds, and the values of its parameters.

    ``values`` has every parameter that the check declares: the profile's word, else the default.
    """

    kind: Literal["gateway", "constrained", "server"] = "gateway"
    """``server`` holds what RFC 9325 says of gateways, and expects public trust and the name that it was asked by."""
    values: dict[str, Value | None] = {}

    def integer(self, name: str) -> int:
        """A parameter of kind ``integer``."""
        return msgspec.convert(self.values[name], int)

    def texts(self, name: str) -> tuple[str, ...]:
        """A parameter of kind ``texts``; empty where nothing is given."""
        return msgspec.convert(self.values[name] or (), tuple[str, ...])

    def ports(self, name: str) -> tuple[int, ...] | None:
        """A parameter of kind ``ports``; None where nothing is given, which is not the same as no port."""
        return msgspec.convert(self.values[name], tuple[int, ...] | None)

    def ports_by_name(self, name: str) -> dict[str, tuple[int, ...]]:
        """A parameter of kind ``ports by name``; empty where nothing is given."""
        return msgspec.convert(self.values[name] or {}, dict[str, tuple[int, ...]])

    def integers_by_name(self, name: str) -> dict[str, int]:
        """A parameter of kind ``integers by name``; empty where nothing is given."""
        return msgspec.convert(self.values[name] or {}, dict[str, int])

    def texts_by_name(self, name: str) -> dict[str, tuple[str, ...]]:
        """A parameter of kind ``texts by name``; empty where nothing is given."""
        return msgspec.convert(self.values[name] or {}, dict[str, tuple[str, ...]])

    def boolean(self, name: str) -> bool:
        """A parameter of kind ``boolean``; False where nothing is given."""
        return msgspec.convert(self.values[name] or False, bool)


class Trust(msgspec.Struct, frozen=True, kw_only=True):
    """Need: the keys by which updates are verified.

    Those that the user gave count everywhere; those of an image for what lies in the same image; those of all images
    of the run for what a device offers and for an image that is an update itself, as it is the images that devices run,
    unless they lie in an update artefact.
    """

    keys: tuple[TrustedKey, ...] = ()


class Earlier(msgspec.Struct, frozen=True, kw_only=True):
    """Need: the certificates that the service in question showed in the run given by ``--first-seen``."""

    certificates: tuple[EarlierCertificate, ...] = ()

    def of(self, opening: str) -> EarlierCertificate | None:
        """The one that came after the same opening (``smtp`` …; empty for TLS at once)."""
        return next((c for c in self.certificates if c.opening == opening), None)


class Remembered(msgspec.Struct, frozen=True, kw_only=True):
    """Need: what the history knows of the keys of the service in question, from runs before this one.

    ``runs`` are those in which any device of this run was seen; 0 where nobody asked a history, or it knew none.
    """

    runs: int = 0
    keys: tuple[KeySighting, ...] = ()

    def of(self, kind: KeyKind, key: str, opening: str = "") -> KeySighting | None:
        """What is known of a key that the service shows now."""
        return next((k for k in self.keys if (k.kind, k.key, k.opening) == (kind, key, opening)), None)

    def before(self, kind: KeyKind, key: str, opening: str = "", algorithm: str = "") -> tuple[KeySighting, ...]:
        """The other keys that it showed, the latest first, of one algorithm where that is given.

        Those of which the address alone says that they are its own are left out: another machine may have had it then.
        """
        found = (
            k
            for k in self.keys
            if (k.kind, k.opening) == (kind, opening)
            and k.key != key
            and k.told_by != "address"
            and (not algorithm or k.algorithm in ("", algorithm))
        )
        return tuple(sorted(found, key=lambda k: (k.last_seen, k.key), reverse=True))


AsOf = typing.NewType("AsOf", datetime)
"""Need: the date (UTC) that age and expiry are judged by. A check has no clock of its own."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a check returns; made by good(), bad(), skip(), unknown() and disagree() of the SDK."""

    kind: Literal["good", "bad", "skip", "unknown", "disagree"]
    summary: str
    variant: str = ""
    observed: str = ""
    expected: str = ""
    reproduce: str = ""
    shows: str = ""
    about: Subject | None = None
    part: str = ""
    reason: Reason = Reason.NOT_OBSERVABLE
    confidence: Confidence | None = None
    """Where this answer is surer, or less sure, than the check's are."""


Returned = Verdict | tuple[Verdict, ...] | list[Verdict]
Cardinality = Literal["one", "each", "fleet", "presence", "linked"]


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """One fact that a check's parameter asks for."""

    parameter: str
    fact: type[Fact]
    cardinality: Cardinality

    @property
    def kind(self) -> str:
        """The need as attempts name it."""
        return kind_of(self.fact)


class BadCheck(Exception):
    """A check that breaks the contract: says which file and what to do."""


HEADINGS = ("What it looks at", "Why it matters", "How to fix", "References")
_EXTRAS: dict[Any, str] = {Target: "target", Policy: "policy", AsOf: "as_of", Trust: "trust", Earlier: "earlier"}
_EXTRAS |= {Apart: "apart", Keyring: "keyring", Remembered: "remembered"}
_CARDINALITY: dict[Any, Cardinality] = {Each: "each", Fleet: "fleet", Presence: "presence", Linked: "linked"}


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """A check ready to run: what it is, what it needs, and its question."""

    info: CheckInfo
    needs: tuple[Need, ...]
    extras: dict[str, str]
    """Parameter name -> ``target``, ``policy``, ``trust``, ``earlier``, ``apart``, ``keyring``, ``remembered`` or
    ``as_of``."""
    question: Callable[..., Returned]

    @property
    def anchor(self) -> Need:
        """The need whose subjects the check is asked about: the first."""
        return self.needs[0]


def read_needs(question: Callable[..., Returned]) -> tuple[tuple[Need, ...], dict[str, str]]:
    """Read a check function's annotations as needs and extras. Raises :class:`BadCheck`."""
    hints = typing.get_type_hints(question)
    needs: list[Need] = []
    extras: dict[str, str] = {}
    for name in inspect.signature(question).parameters:
        hint = hints.get(name)
        origin = typing.get_origin(hint)
        if hint in _EXTRAS:
            extras[name] = _EXTRAS[hint]
        elif isinstance(hint, type) and issubclass(hint, Fact):
            needs.append(Need(parameter=name, fact=hint, cardinality="one"))
        elif origin in _CARDINALITY:
            (fact,) = typing.get_args(hint)
            needs.append(Need(parameter=name, fact=fact, cardinality=_CARDINALITY[origin]))
        else:
            known = (
                "fact, Each, Fleet, Presence, Linked, Target, Policy, Trust, Earlier, Apart, Keyring, Remembered, AsOf"
            )
            raise BadCheck(f"parameter '{name}' is no {known}")
    if not needs:
        raise BadCheck("it needs no fact: annotate a parameter with a fact type of iotscan.sdk")
    if needs[0].cardinality == "linked":
        raise BadCheck("a Linked need comes second: the first says what is asked about, and is of the device")
    if any(n.cardinality == "fleet" for n in needs) and len(needs) > 1:
        raise BadCheck("a Fleet need stands alone: the fleet is judged on one fact type")
    return tuple(needs), extras


def read_headings(docstring: str) -> dict[str, str]:
    """Split a check's module docstring at its fixed headings (``## Why it matters``)."""
    parts = re.split(r"^##[ \t]+(.+?)[ \t]*$", inspect.cleandoc(docstring), flags=re.MULTILINE)
    return {title: body.strip() for title, body in zip(parts[1::2], parts[2::2], strict=True)}


def make_check(
    question: Callable[..., Returned],
    *,
    id: str,
    title: str,
    element: Element | str,
    variants: dict[str, tuple[str, str]],
    confidence: Confidence | str,
    aliases: tuple[str, ...],
    clauses: tuple[Clause, ...],
    since: str,
    lifecycle: str,
    effort: str,
    tags: tuple[str, ...] = (),
    parameters: dict[str, ParameterInfo] | None = None,
) -> Check:
    """Build a :class:`Check`; ``variants`` maps a name to (severity, sentence). Raises :class:`BadCheck`."""
    module = inspect.getmodule(question)
    text = read_headings((module.__doc__ if module else None) or "")
    needs, extras = read_needs(question)
    if not variants:
        raise BadCheck("it has no variants: a check that cannot fail asks nothing")
    misfits = [name for name, parameter in (parameters or {}).items() if not fits_default(parameter)]
    if misfits:
        raise BadCheck(f"the default of parameter '{misfits[0]}' is not of its own kind")
    info = CheckInfo(
        id=id,
        title=title,
        element=Element(element),
        variants={k: VariantInfo(severity=Severity(s), title=t) for k, (s, t) in variants.items()},
        confidence=Confidence(confidence),
        aliases=aliases,
        clauses=clauses,
        since=since,
        lifecycle=lifecycle,
        effort=effort,
        tags=tags,
        parameters=parameters or {},
        looks_at=text.get(HEADINGS[0], ""),
        matters=text.get(HEADINGS[1], ""),
        fix=text.get(HEADINGS[2], ""),
        references=text.get(HEADINGS[3], ""),
    )
    return Check(info=info, needs=needs, extras=extras, question=question)
