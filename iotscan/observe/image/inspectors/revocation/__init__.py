"""Which programs of an image ask whether a certificate was taken back: servers, clients, tunnels, updaters.

Only what is started counts, as in the readers of configurations; what those read is not read again. What programs do
in traffic is another question.
"""

from collections.abc import Iterator

from iotscan.model.facts import PeerCheck, RevocationChecking
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.heard import Heard, all_missed
from iotscan.observe.image.inspector import Inspector
from iotscan.observe.image.inspectors.revocation import clients, servers
from iotscan.observe.image.startup.reading import startup_of
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable

_GIVES = (RevocationChecking,)
_MOST = 200


def _inspect(tree: Tree) -> Heard:
    try:
        problem = startup_of(tree).problem
        found = list(dict.fromkeys(_all(tree)))[:_MOST]
    except Unreadable as error:
        return all_missed(_GIVES, AttemptStatus.UNREADABLE, Reason.UNREADABLE, f"checks of revocation: {error}")
    if problem and not found:
        detail = f"which programs are started is not known: {problem}"
        return all_missed(_GIVES, AttemptStatus.NOT_TRIED, Reason.NOT_OBSERVABLE, detail)
    return Heard(facts=(RevocationChecking(checks=tuple(sorted(found))),))


def _all(tree: Tree) -> Iterator[PeerCheck]:
    """A program whose files cannot be read is one of which nothing is known; the others are told all the same."""
    for program, reader in (*servers.READERS, *clients.READERS):
        try:
            yield from reader(tree)
        except Unreadable as error:
            why = safe_text(str(error), 160)
            yield PeerCheck(path="", line=0, program=program, peers="peers", asks="unsaid", setting=why)


INSPECTOR = Inspector(name="revocation", version=1, gives=_GIVES, inspect=_inspect)
