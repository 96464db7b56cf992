"""What another program holds a service to be, as evidence: the words of one banner, read by a stranger's rules.

It weighs less than a banner that rules of ours read, and all that one program says is one source: alone it makes
nothing more than tentative, and names what it says as its own.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Literal
from urllib.parse import unquote

import msgspec

from iotscan.model.facts import ServiceOpinion
from iotscan.model.identification import Clue, Software
from iotscan.model.observation import Observation
from iotscan.model.text import safe_text
from iotscan.scan.identification.weighing import BANNER, Evidence

_SHARE: Final = 0.8
"""Of the weight of a banner."""


class Opinion(msgspec.Struct, frozen=True, kw_only=True):
    """A fact and the service it is of."""

    service: str
    fact: ServiceOpinion

    @property
    def clue(self) -> Clue:
        """It as evidence."""
        return Clue(words=self.fact.says, where=f"{self.fact.by} on {self.service}")


def opinions_of(observations: Iterable[Observation]) -> tuple[Opinion, ...]:
    """Every opinion on the services of a device, in a stable order."""
    held = (Opinion(service=o.subject.service, fact=o.fact) for o in observations if isinstance(o.fact, ServiceOpinion))
    return tuple(sorted(held, key=lambda o: o.service))


def programs_of(opinions: Iterable[Opinion]) -> Iterator[Software]:
    """The program that each service is held to be; where none is named, the protocol that it is held to speak."""
    for opinion in opinions:
        fact = opinion.fact
        yield Software(
            service=opinion.service,
            product=fact.product or fact.protocol,
            version=fact.version,
            clue=opinion.clue,
            by=fact.by,
        )


def makers_of(opinions: Iterable[Opinion]) -> list[Evidence]:
    """The makers of the hardware that opinions name."""
    return [_evidence(o, parts[0]) for o in opinions if (parts := _named(o, "h"))]


def products_of(opinions: Iterable[Opinion]) -> list[Evidence]:
    """The hardware that opinions name."""
    return [_evidence(o, parts[1]) for o in opinions if len(parts := _named(o, "h")) > 1]


def systems_of(opinions: Iterable[Opinion]) -> list[Evidence]:
    """The systems that opinions name; a kernel alone is no system: everything small runs Linux."""
    return [
        _evidence(o, " ".join(parts[1:3]))
        for o in opinions
        if len(parts := _named(o, "o")) > 1 and parts[1] != "linux kernel"
    ]


def _named(opinion: Opinion, part: Literal["h", "o"]) -> Sequence[str]:
    """Vendor, product and version of a CPE name, as in ``cpe:/h:v:p:1`` (NISTIR 7695 section 6.1)."""
    start = f"cpe:/{part}:"
    if not opinion.fact.cpe.startswith(start):
        return ()
    pieces = opinion.fact.cpe.removeprefix(start).split(":")[:3]
    # Decoded, it may hold what was made safe before.
    return tuple(safe_text(unquote(piece), 80).replace("_", " ").strip() for piece in pieces if piece)


def _evidence(opinion: Opinion, value: str) -> Evidence:
    weight = BANNER * _SHARE * opinion.fact.confidence / 10
    return Evidence(value=value, weight=weight, family=opinion.fact.by.partition(" ")[0], clue=opinion.clue)
