"""Which of the certificates that a server sent really signed its own, directly or by others: by their signatures.

A certificate that is only sent along proves nothing: anybody can send that of any authority.
"""

from collections.abc import Sequence

from iotscan.wire.paths.certified import Certified
from iotscan.wire.paths.walking import MOST_CERTIFICATES, signed


def signers(chain: Sequence[Certified]) -> list[int]:
    """Places in ``chain``, leaf first, of the leaf and of every authority from which signatures lead to it.

    Dates are not looked at, nor what else limits an authority: a key is the same before and after.
    """
    sent = list(enumerate(chain[:MOST_CERTIFICATES]))
    found, waiting = [0], list(chain[:1])
    while waiting:
        one = waiting.pop()
        for place, other in sent:
            if place not in found and other.is_authority and other.may_sign and signed(other, one):
                found.append(place)
                waiting.append(other)
    return sorted(found)
