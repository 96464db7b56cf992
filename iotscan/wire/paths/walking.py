"""The walk from a certificate to a root: every way that was sent is tried, and one that holds is enough.

Bounded whatever comes: so many certificates, so high, so many steps; each signature is checked once.
"""

import functools
from collections.abc import Sequence
from datetime import datetime

import msgspec
from cryptography.exceptions import InvalidSignature

from iotscan.model.text import safe_text
from iotscan.wire.paths.anchors import Anchors
from iotscan.wire.paths.certified import KEPT, Certified
from iotscan.wire.paths.limits import comparisons, outside

MOST_CERTIFICATES = 32
"""Of what a server sends beside its own; real ones send two or three."""
HIGHEST = 12
"""Certificates of one way, root included."""
MOST_STEPS = 2000
MOST_COMPARED = 100_000
"""Names with name constraints, in one walk: certificates of a hundred kilobytes could ask for four million."""


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """What the walk to one store came to."""

    certificates: tuple[Certified, ...] = ()
    """From the leaf to the root that vouches; empty where none does."""
    why: str = ""
    """What stands in the best way that was tried; empty where none comes near a root."""
    is_anchored: bool = False
    """Signatures lead to a root of the store, whatever else stands against them."""
    gave_up: bool = False
    """There were more ways than are tried, or more names than are compared."""


def walk(leaf: Certified, others: Sequence[Certified], anchors: Anchors, when: datetime) -> Way:
    """The way from ``leaf`` over ``others`` to a root, at a moment. A leaf that stands in the store is one.

    That one needs no signer; what it is for and how long its key is counts all the same, as it does for TLS clients.
    """
    if leaf in anchors:
        why = _unfit(leaf, is_root=True)
        return Way(certificates=() if why else (leaf,), why=safe_text(why, 300), is_anchored=True)
    tree = _Tree(others, anchors)
    if not tree.leads_up(leaf):
        return Way()
    walking = _Walking(tree, when)
    path = walking.on((leaf,)) if not walking.refused_leaf(leaf) else ()
    return Way(
        certificates=path,
        why="" if path else safe_text(walking.why, 300),
        is_anchored=True,
        gave_up=not path and walking.steps >= MOST_STEPS,
    )


class _Tree:
    """Who signed whom among what was sent and what is trusted."""

    def __init__(self, others: Sequence[Certified], anchors: Anchors) -> None:
        self._others = list(dict.fromkeys(others[:MOST_CERTIFICATES]))
        self._anchors = anchors
        self._sent: dict[Certified, tuple[Certified, ...]] = {}
        self._roots: dict[Certified, tuple[Certified, ...]] = {}
        self._upward: set[Certified] = set()

    def roots(self, one: Certified) -> tuple[Certified, ...]:
        """The roots that signed a certificate."""
        if one not in self._roots:
            self._roots[one] = tuple(r for r in self._anchors.named(one.issuer) if _leads(r, one))
        return self._roots[one]

    def sent(self, one: Certified) -> tuple[Certified, ...]:
        """Those among what was sent that signed it, and from which a root can be reached."""
        return tuple(c for c in self._signers(one) if c in self._upward)

    def is_root(self, one: Certified) -> bool:
        """It stands in the store itself."""
        return one in self._anchors

    def leads_up(self, leaf: Certified) -> bool:
        """Whether signatures lead from a leaf to a root at all; what leads nowhere is not walked afterwards."""
        below: dict[Certified, list[Certified]] = {}
        found, ends = [leaf], []
        seen = {leaf}
        while found:
            one = found.pop()
            if self.is_root(one) or self.roots(one):
                ends.append(one)
            for signer in self._signers(one):
                below.setdefault(signer, []).append(one)
                if signer not in seen:
                    seen.add(signer)
                    found.append(signer)
        while ends:
            one = ends.pop()
            if one not in self._upward:
                self._upward.add(one)
                ends += below.get(one, ())
        return leaf in self._upward

    def _signers(self, one: Certified) -> tuple[Certified, ...]:
        if one not in self._sent:
            self._sent[one] = tuple(c for c in self._others if c is not one and _leads(c, one))
        return self._sent[one]


class _Walking:
    def __init__(self, tree: _Tree, when: datetime) -> None:
        self._tree, self._when = tree, when
        self._names: dict[tuple[Certified, Certified], str] = {}
        self.steps = self._compared = 0
        self.why = ""

    def refused_leaf(self, leaf: Certified) -> bool:
        """What stands against it whoever signed it."""
        self.why = _unfit(leaf, is_root=False)
        if not self.why and _seems_self_signed(leaf):
            self.why = "it bears the name of its issuer, and clients take it for signed by itself"
        return bool(self.why)

    def on(self, path: tuple[Certified, ...]) -> tuple[Certified, ...]:
        """``path`` and the rest of the way to a root; empty where there is none."""
        top = path[-1]
        if self._tree.is_root(top):
            return path
        for signer, is_root in self._above(path):
            self.steps += 1
            if self.steps > MOST_STEPS:
                self.why = "there are more ways than are tried"
                return ()
            if refused := _refused(signer, path, self._when, is_root=is_root) or self._overreach(signer, path):
                self.why = f"{signer.label} may not have signed this: {refused}"
                continue
            if is_root:
                return (*path, signer)
            if whole := self.on((*path, signer)):
                return whole
        return ()

    def _overreach(self, signer: Certified, path: tuple[Certified, ...]) -> str:
        """The first name beneath that the signer's constraints do not allow; each pair is compared once."""
        if signer.limits is None:
            return ""
        for height, below in enumerate(path):
            if height and below.is_self_issued:
                continue
            pair = signer, below
            if pair not in self._names:
                self._compared += comparisons(signer.limits, below)
                if self._compared > MOST_COMPARED:
                    self.steps = MOST_STEPS
                    return "there are more names under constraints than are compared"
                self._names[pair] = outside(signer.limits, below, is_leaf=not height)
            if name := self._names[pair]:
                return f"its name constraints do not allow {name}"
        return ""

    def _above(self, path: tuple[Certified, ...]) -> list[tuple[Certified, bool]]:
        if len(path) >= HIGHEST:
            return []
        top = path[-1]
        roots = [(root, True) for root in self._tree.roots(top)]
        return roots + [(c, self._tree.is_root(c)) for c in self._tree.sent(top) if c not in path]


def _refused(signer: Certified, path: tuple[Certified, ...], when: datetime, *, is_root: bool) -> str:
    """Why a certificate may not stand above a path, leaf first; empty where it may."""
    if not signer.is_authority and not (is_root and signer.is_old):
        # A root of version 1 has no extensions: whoever put it into the store vouches for it.
        return "it is no certificate authority"
    if not signer.may_sign:
        return "its key usage does not allow it to sign certificates"
    if not signer.serves:
        return "its extended key usage does not allow servers"
    if signer.problem:
        return signer.problem
    if not signer.certificate.not_valid_before_utc <= when <= signer.certificate.not_valid_after_utc:
        return f"it is not valid on {when:%Y-%m-%d}"
    between = sum(not c.is_self_issued for c in path[1:])
    if signer.path_length is not None and between > signer.path_length:
        return f"its path length is {signer.path_length}"
    return _weakness(signer, is_root=is_root)


def _unfit(leaf: Certified, *, is_root: bool) -> str:
    """What stands against a server's own certificate, whoever signed it; empty where nothing does."""
    if why := leaf.problem or _weakness(leaf, is_root=is_root):
        return why
    if not leaf.serves:
        return "its extended key usage does not allow a server"
    return "" if leaf.may_serve else "its key usage does not allow a server"


def _weakness(one: Certified, *, is_root: bool) -> str:
    if one.weak_key:
        return f"its key is too weak ({one.weak_key})"
    # Nobody checks the signature of a root.
    return f"it is signed with {one.weak_hash}" if one.weak_hash and not is_root else ""


def signed(signer: Certified, one: Certified) -> bool:
    """Whether the name, the key identifiers and the signature say that ``signer`` signed ``one``.

    False, too, where the signature is of a kind that nobody can check here.
    """
    return _is_named(signer, one) and _holds(signer, one)


def _leads(signer: Certified, one: Certified) -> bool:
    """The same for the walk, which refuses a broken hash in any case: then names alone lead on, to say why."""
    return _is_named(signer, one) and (bool(one.weak_hash) or _holds(signer, one))


def _is_named(signer: Certified, one: Certified) -> bool:
    if one.issuer != signer.subject:
        return False
    if one.signer_id and signer.key_id and one.signer_id != signer.key_id:
        return False
    if one.signer_issuers and signer.issuer not in one.signer_issuers:
        return False
    return one.signer_serial is None or one.signer_serial == signer.certificate.serial_number


def _seems_self_signed(one: Certified) -> bool:
    """Whether name, key identifiers and kind of key say so: OpenSSL asks no further, and seeks no issuer of a leaf."""
    if not one.is_self_issued or not _is_named(one, one):
        return False
    try:
        one.certificate.verify_directly_issued_by(one.certificate)
    except InvalidSignature:
        return True
    except Exception:
        return False  # its key is of another kind than that which signed it
    return True


@functools.lru_cache(maxsize=KEPT)
def _holds(signer: Certified, one: Certified) -> bool:
    try:
        one.certificate.verify_directly_issued_by(signer.certificate)
    except Exception:
        return False
    return True
