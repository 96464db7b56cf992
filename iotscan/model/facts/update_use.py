"""Updates in traffic: what a device asks for, how often, and what it gets."""

from typing import ClassVar, Literal

from iotscan.model.answer import Answer
from iotscan.model.facts.fact import Fact, Ownership
from iotscan.model.facts.traffic import Use


class UpdateContact(Use, frozen=True, kw_only=True):
    """Requests of one kind that have to do with updates."""

    kind: Literal["poll", "manifest", "firmware", "package"]
    """``poll``: asks whether there is something (hawkBit, Mender, Omaha, a repository)."""
    direction: Literal["to-client", "to-server"] = "to-client"
    """Which way it goes, or is asked to go: what is fetched goes to who asks, what is uploaded to who is asked."""
    system: str = ""
    """``hawkbit``, ``mender``, ``tuf``, ``omaha``, ``opkg``, ``apt``, ``lwm2m`` …; empty where none was recognised."""
    protocol: str = ""
    """``http``, ``https``, ``ftp``, ``tftp``, ``coap`` …"""
    is_encrypted: bool = False
    host: str = ""
    path: str = ""
    format: str = ""
    """What the first bytes of a firmware are: ``uimage``, ``rauc``, ``swu``, ``squashfs`` …"""
    signature: Literal["none", "present", "unknown"] = "unknown"
    """Whether what was fetched carries a signature of a known form; not whether that verifies."""
    how: str = ""
    """What says that it is about updates: ``magic``, ``body``, ``server name``, ``path``; ``path and user agent``,
    ``path and what was said`` where a path alone could be anybody's.
    """
    is_answered: bool = False
    """The server took the question: no error, no page for people, no way to somewhere else."""
    size: int = 0
    period: Answer[int]
    """Median seconds between two looks, from three on, where they come evenly."""

    @property
    def is_for_device(self) -> bool:
        """The device asks for it; or it is brought to it by a system of updates, and not only as some file."""
        if self.role == "client":
            return self.direction == "to-client"
        return self.direction == "to-server" and bool(self.system)


class UpdateUse(Fact, frozen=True, kw_only=True, tag="update-use"):
    """What a device was seen to do about updates."""

    per: ClassVar[Ownership] = "traffic"

    contacts: tuple[UpdateContact, ...] = ()
    is_cut_off: bool = False
