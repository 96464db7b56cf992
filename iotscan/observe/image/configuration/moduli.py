"""Which Diffie-Hellman groups OpenSSH's server gives: those of its moduli file (moduli(5)) that it does not refuse.

Sources: moduli(5); dh.c and dh.h of OpenSSH: below ``DH_GRP_MIN`` nothing is given (2048 bits since 7.2, 1024 before),
and without a fitting line a group of 2048 bits or more that the program holds (RFC 3526).
"""

from typing import Final

from iotscan.model.answer import Answer
from iotscan.model.facts import GroupExchange
from iotscan.model.vocabulary import Reason
from iotscan.observe.image.configuration.version import Version
from iotscan.observe.image.tree import Tree

FILE: Final = "/etc/ssh/moduli"
METHOD: Final = "diffie-hellman-group-exchange-"
_LIMIT = 4 << 20
_SAFE_PRIME = "2"
_BUILT_IN = 2048
_STRICT_SINCE: Final = (7, 2)


def groups_of(
    tree: Tree, kex: tuple[str, ...] | None, version: Version, path: str
) -> Answer[tuple[GroupExchange, ...]]:
    """One entry a size, its bounds 0: nobody asked. ``kex`` None: not known. Raises Unreadable."""
    if kex is None:
        return Answer.missing(Reason.NOT_OBSERVABLE, "the configuration does not say: kex")
    if not any(name.startswith(METHOD) for name in kex):
        return Answer.of(())
    if not version:
        return Answer.missing(Reason.NOT_OBSERVABLE, "which groups it refuses depends on its version, which is unknown")
    least = 2048 if version >= _STRICT_SINCE else 1024
    sizes = {bits for bits in _sizes(tree, path) if bits >= least} or {_BUILT_IN}
    return Answer.of(tuple(GroupExchange(least=0, wanted=0, most=0, bits=bits) for bits in sorted(sizes)))


def _sizes(tree: Tree, path: str) -> set[int]:
    """Time, kind, tests, tries, size, generator, modulus; the size is that of the modulus less one."""
    if tree.find(path) is None:
        return set()
    sizes = set()
    for line in tree.whole(path, _LIMIT).decode("ascii", "replace").split("\n"):
        words = line.split()
        if len(words) == 7 and words[1] == _SAFE_PRIME and words[4].isascii() and words[4].isdecimal():
            sizes.add(len(words[6].lstrip("0")) * 4)
    return sizes
