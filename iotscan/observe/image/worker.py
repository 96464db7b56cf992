"""The process that opens one image and asks about it. Started by :mod:`.process`, told everything by its arguments:
the path, the id of the image, the seconds it may take, the keys and the files on revocation that the user gave. It
answers on stdout, in the frames of :mod:`.messages`.

An image is hostile: whatever makes a reader hang, grow or crash ends this process and no other.
"""

import ctypes
import os
import signal
import sys
from pathlib import Path
from typing import BinaryIO

import msgspec

from iotscan.model.errors import BadInput
from iotscan.model.facts import PublicKey
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.given_file import GivenFile
from iotscan.observe.heard import all_missed
from iotscan.observe.image.budget import GIB, Budget, Limits
from iotscan.observe.image.inspectors import all_inspectors
from iotscan.observe.image.messages import Message, Refused, Said, files_of_text, keys_of_text, write
from iotscan.observe.image.opening import open_image
from iotscan.observe.image.posture import look_at
from iotscan.observe.worker_protocol import BadFrame

MEMORY = 2 * GIB
"""Bytes of data that this process may hold."""
_PR_SET_PDEATHSIG = 1


def answer(
    path: Path,
    image: str,
    limits: Limits,
    sink: BinaryIO,
    given: tuple[PublicKey, ...] = (),
    revocation: tuple[GivenFile, ...] = (),
) -> None:
    """Open the image and tell what is in it; ``given`` are keys to try, ``revocation`` is what judges certificates."""
    try:
        site = open_image(path, Budget(limits))
    except BadInput as refusal:
        write(sink, Refused(why=str(refusal)))
        return
    look_at(
        msgspec.structs.replace(site, given=given, revocation=revocation), image, lambda message: _tell(sink, message)
    )


def _tell(sink: BinaryIO, message: Message) -> None:
    try:
        write(sink, message)
    except BadFrame:
        if isinstance(message, Said):
            gives = next(i.gives for i in all_inspectors() if i.name == message.inspector)
            detail = f"{message.inspector} found more than it can tell"
            heard = all_missed(gives, AttemptStatus.UNREADABLE, Reason.UNREADABLE, detail)
            write(sink, msgspec.structs.replace(message, heard=heard))


def confine() -> None:
    """Die with the parent, leave no core, hold no more than :data:`MEMORY`."""
    if sys.platform != "linux":
        return
    import resource

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    allowed = MEMORY if most == resource.RLIM_INFINITY else min(MEMORY, most)
    resource.setrlimit(resource.RLIMIT_DATA, (allowed, most))


def main() -> None:
    """Answer and end."""
    confine()
    # Whatever a library prints must not get between our frames.
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    path, image, seconds, given, revocation = sys.argv[1:6]
    answer(
        *(Path(path), image, Limits(seconds=float(seconds)), sink),
        given=keys_of_text(given),
        revocation=files_of_text(revocation),
    )


if __name__ == "__main__":
    main()
