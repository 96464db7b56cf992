"""The frame of every reader of a configuration: only what the image starts counts.

A :class:`Configuration` names the programs that read its file. Its ``read`` is called once for each started
service that runs one of them. Not installed, or installed and not started, is ABSENT: the checks do not apply.
Where it is not known what the image starts, an installed program's facts are missed.
"""

import posixpath
from collections.abc import Callable, Iterable
from itertools import islice

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts import CertificateChain, Fact, RevocationStatus
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.heard import Configured, Heard, all_missed
from iotscan.observe.image.inspector import Inspector
from iotscan.observe.image.startup.reading import startup_of
from iotscan.observe.image.startup.service import Service
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable

_FOLDERS = ("/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin", "/usr/local/bin")
_MOST = 300
"""Facts of one configuration: more than any device has, and each may cost some milliseconds."""

Read = Callable[[Tree, Service], Iterable[Configured]]
"""What one started service is configured to do. Raises Unreadable; paths are raw, they are shown by the frame."""


class NotThere(Unreadable):
    """A file that a started service reads is not in the image: it is made with a start, and nobody can say how."""


class Configuration(msgspec.Struct, frozen=True, kw_only=True):
    """One program's configuration: names of the program without folder, kinds of fact, and how to read them."""

    name: str
    version: int
    programs: tuple[str, ...]
    gives: tuple[type[Fact], ...]
    read: Read


def installed(tree: Tree, *programs: str) -> str:
    """The path of the first of these programs that the tree holds, empty without one. Raises Unreadable."""
    paths = (posixpath.join(folder, program) for program in programs for folder in _FOLDERS)
    return next((path for path in paths if tree.find(path) is not None), "")


def inspector_of(configuration: Configuration) -> Inspector:
    """The inspector that asks a configuration about each started service."""
    return Inspector(
        name=configuration.name,
        version=configuration.version,
        gives=gives_of(configuration),
        inspect=lambda tree: _heard(configuration, tree),
    )


def gives_of(configuration: Configuration) -> tuple[type[Fact], ...]:
    """What a reader brings: with each chain what is known of its revocation."""
    has_chains = CertificateChain in configuration.gives
    return (*configuration.gives, RevocationStatus) if has_chains else configuration.gives


def unsaid(what: str) -> Answer[bool]:
    """The answer to what a configuration leaves open."""
    return Answer.missing(Reason.NOT_OBSERVABLE, f"the configuration does not say: {what}")


def _heard(configuration: Configuration, tree: Tree) -> Heard:
    try:
        startup = startup_of(tree)
        if startup.problem:
            program = installed(tree, *configuration.programs)
            return _unknown(configuration, tree, program, startup.problem, startup.is_unreadable)
        services = tuple(startup.running(*configuration.programs))
        found = list(islice((said for s in services for said in configuration.read(tree, s)), _MOST + 1))
        if len(found) > _MOST:
            raise Unreadable(f"it says more than {_MOST} things of its services")
    except NotThere as error:
        return all_missed(gives_of(configuration), AttemptStatus.NOT_TRIED, Reason.NOT_OBSERVABLE, str(error))
    except Unreadable as error:
        detail = f"the configuration of {configuration.name}: {error}"
        return all_missed(gives_of(configuration), AttemptStatus.UNREADABLE, Reason.UNREADABLE, detail)
    # The same file is read once for each service that runs the program.
    once: list[Configured] = []
    for said in found:
        shown = msgspec.structs.replace(said, path=tree.show(said.path))
        if shown not in once:
            once.append(shown)
    return Heard(configured=tuple(once))


def _unknown(configuration: Configuration, tree: Tree, program: str, problem: str, is_unreadable: bool) -> Heard:
    if not program:
        return Heard()
    if is_unreadable:
        return all_missed(gives_of(configuration), AttemptStatus.UNREADABLE, Reason.UNREADABLE, problem)
    detail = f"{tree.show(program)} is there, and whether it is started is not known: {problem}"
    return all_missed(gives_of(configuration), AttemptStatus.NOT_TRIED, Reason.NOT_OBSERVABLE, detail)
