"""Who a device is: every word held against the rules, every statement taken in, and all of it weighed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from iotscan.data.fingerprints.library import Library, Match
from iotscan.model.device import Device
from iotscan.model.identification import Clue, Identity, KindTrait, Software, Trait
from iotscan.model.observation import Observation
from iotscan.scan.identification import spelling
from iotscan.scan.identification.doubts import doubts
from iotscan.scan.identification.opinions import (
    Opinion,
    makers_of,
    opinions_of,
    products_of,
    programs_of,
    systems_of,
)
from iotscan.scan.identification.weighing import (
    BANNER,
    LOWER,
    MAC_PREFIX,
    STATED,
    WEIGHTS,
    Evidence,
    Settled,
    settle,
)
from iotscan.scan.identification.words import Statement, Word, stated_models, statements_of, words_of

_SOFTWARE_LIMIT: Final = 40
_CONTRADICTIONS: Final = 8
_LINUX: Final = 0.5
"""What is left of the weight of a plain "Linux" where another rule names the distribution."""
_MADE_UP: Final = frozenset({"answers-everything", "honeypot"})
"""Remarks that say that what a host says may be made up as a whole."""


class Recognised(msgspec.Struct, frozen=True, kw_only=True):
    """A word, and what a rule claims of it."""

    word: Word
    match: Match

    @property
    def weight(self) -> float:
        """How much words of this kind count, by a rule as certain as this one."""
        return WEIGHTS.get(self.word.kind, BANNER) * self.match.certainty

    @property
    def clue(self) -> Clue:
        """The word as evidence."""
        return Clue(words=self.word.text, where=self.word.where, rule=self.match.rule)


def identify(device: Device, observations: Iterable[Observation], library: Library) -> Identity:
    """What ``device`` is, from its claims and what was observed on its addresses. Pure; never raises."""
    observations = tuple(observations)
    said = statements_of(device.claims)
    words = (*words_of(observations), *stated_models(said))
    known = [Recognised(word=w, match=m) for w in words if (m := library.match(w.kind, w.text))]
    programs = _of_programs(known)
    said = tuple(s for s in said if (s.family, s.text) not in programs)
    held = opinions_of(observations)
    pool = _Pool(device, known, said, held)
    remarks = doubts(device, observations, [(r.word, r.match) for r in known])
    doubted = any(remark.about in _MADE_UP for remark in remarks)
    software = tuple(sorted((*_software(known), *programs_of(held))))[:_SOFTWARE_LIMIT]
    return Identity(
        vendor=_weighed(pool.vendor, doubted),
        product=_weighed(pool.product, doubted),
        model=_weighed(pool.model, doubted),
        firmware=_weighed(pool.firmware, doubted),
        kind=_as_kind(_weighed(pool.kind, doubted)),
        system=_weighed(pool.system, doubted),
        software=software,
        contradictions=pool.contradictions(),
        remarks=remarks,
    )


def _weighed(settled: Settled, doubted: bool) -> Trait | None:
    """The value that won; less sure where the host may be none of what it says."""
    if settled.trait is None or not doubted:
        return settled.trait
    return msgspec.structs.replace(settled.trait, confidence=LOWER[settled.trait.confidence])


def _of_programs(known: Iterable[Recognised]) -> frozenset[tuple[str, str]]:
    """Statements (family, text) in which a program names itself, not the device that it runs on (MiniDLNA in UPnP)."""
    programs = [
        r.word
        for r in known
        if r.word.kind == "stated.model" and "service.product" in r.match.claims and "hw.vendor" not in r.match.claims
    ]
    alone = {(word.family, text) for word in programs if len(word.of) == 1 for text in word.of}
    # A maker is put together with every model: a pair tells nothing of one whose other half tells by itself.
    pairs = (w for w in programs if not any((w.family, text) in alone for text in w.of))
    return frozenset(alone | {(word.family, text) for word in pairs for text in word.of})


class _Pool:
    """The evidence for each trait, settled."""

    def __init__(
        self, device: Device, known: list[Recognised], said: tuple[Statement, ...], held: Sequence[Opinion]
    ) -> None:
        makers = [
            *(e for r in known for e in _vendors(r)),
            *_stated(said, "vendor"),
            *_mac_vendor(device),
            *makers_of(held),
        ]
        self.vendor = settle(makers, spelling.maker)
        names = frozenset(filter(None, (spelling.maker(e.value) for e in makers)))

        def model(text: str) -> str:
            return spelling.model(text, names)

        self.product = settle([*_claims(known, "hw.product"), *products_of(held)], model)
        self.model = settle([*_claims(known, "hw.model"), *_stated(said, "model")], model)
        self.firmware = settle([*_stated(said, "firmware"), *_firmware(known)], spelling.folded)
        self.kind = settle([e for r in known for e in _kinds(r)], str, exact=True)
        self.system = settle([*(e for r in known for e in _systems(r)), *systems_of(held)], spelling.folded)

    def contradictions(self) -> tuple[str, ...]:
        """What sources say against each other, as sentences."""
        traits = (
            ("vendor", self.vendor),
            ("product", self.product),
            ("model", self.model),
            ("firmware", self.firmware),
            ("kind", self.kind),
            ("system", self.system),
        )
        return tuple(s for what, settled in traits for s in _against(what, settled))[:_CONTRADICTIONS]


def _against(what: str, settled: Settled) -> Iterator[str]:
    if settled.trait is None:
        return
    best = settled.trait
    for rival in settled.rivals:
        yield f"{what}: {best.value} by {best.clues[0].where}, but {rival.value} by {rival.clue.where}"


def _stated(said: Iterable[Statement], what: str) -> list[Evidence]:
    return [
        Evidence(value=s.text, weight=STATED, family=s.family, clue=Clue(words=s.text, where=s.where))
        for s in said
        if s.what == what
    ]


def _mac_vendor(device: Device) -> Iterator[Evidence]:
    if device.vendor:
        clue = Clue(words=device.mac, where="MAC address", rule=device.vendor_source)
        yield Evidence(value=device.vendor, weight=MAC_PREFIX, family="mac", clue=clue)


def _evidence(known: Recognised, value: str, share: float = 1.0) -> Evidence:
    return Evidence(value=value, weight=known.weight * share, family=known.word.family, clue=known.clue)


def _claims(known: Iterable[Recognised], name: str) -> list[Evidence]:
    return [_evidence(r, r.match.claims[name], _share(r.match.claims, "hw")) for r in known if name in r.match.claims]


def _share(claims: Mapping[str, str], part: str) -> float:
    """The certainty that a rule gives to what it claims of hardware, system or service (``hw.certainty``)."""
    try:
        return min(max(float(claims.get(f"{part}.certainty", "1.0")), 0.0), 1.0)
    except ValueError:
        return 1.0


def _vendors(known: Recognised) -> Iterator[Evidence]:
    claims = known.match.claims
    if "hw.vendor" in claims:
        yield _evidence(known, claims["hw.vendor"], _share(claims, "hw"))
    elif "os.vendor" in claims and spelling.kind(claims.get("os.device", "")) and not _is_general(claims):
        # recog's older rules name the maker of a router as that of its system.
        yield _evidence(known, claims["os.vendor"], 0.8 * _share(claims, "os"))


def _kinds(known: Recognised) -> Iterator[Evidence]:
    claims = known.match.claims
    for part in ("hw", "os"):
        if kind := spelling.kind(claims.get(f"{part}.device", "")):
            yield _evidence(known, kind, _share(claims, part))
            return


def _is_general(claims: Mapping[str, str]) -> bool:
    return spelling.is_general(claims.get("os.product", ""))


def _firmware(known: Iterable[Recognised]) -> Iterator[Evidence]:
    """Versions of systems that are a device's own: RouterOS 7.1, not Debian 12."""
    for each in known:
        claims = each.match.claims
        product, version = claims.get("os.product", ""), claims.get("os.version", "")
        if "hw.version" in claims:
            yield _evidence(each, claims["hw.version"])
        elif version and product and not _is_general(claims):
            own = spelling.maker(claims.get("os.vendor", "")) == spelling.maker(claims.get("hw.vendor", ""))
            yield _evidence(each, version if own else f"{product} {version}", _share(claims, "os"))


def _systems(known: Recognised) -> Iterator[Evidence]:
    claims = known.match.claims
    if product := claims.get("os.product"):
        is_plain = spelling.folded(product) == "linux"
        share = _share(claims, "os") * (_LINUX if is_plain else 1.0)
        yield _evidence(known, f"{product} {claims.get('os.version', '')}".strip(), share)


def _software(known: Iterable[Recognised]) -> tuple[Software, ...]:
    """Programs by service, one entry for each that a service names; the one with its version where one has it."""
    best: dict[tuple[str, str], Software] = {}
    for each in known:
        claims = each.match.claims
        product = claims.get("service.product", "")
        if not product or _share(claims, "service") == 0:
            continue
        program = Software(
            service=each.word.service,
            product=product,
            vendor=claims.get("service.vendor", ""),
            version=claims.get("service.version", ""),
            clue=each.clue,
        )
        key = (program.service, product)
        if key not in best or (program.version and not best[key].version):
            best[key] = program
    return tuple(sorted(best.values()))[:_SOFTWARE_LIMIT]


def _as_kind(trait: Trait | None) -> KindTrait | None:
    if trait is None:
        return None
    return msgspec.convert(msgspec.structs.asdict(trait), KindTrait)
