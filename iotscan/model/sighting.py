"""What a history of runs knows of the keys that a device of this run showed before: the ground of every question about
rotation. Filled by the store, kept in the run, so that a run judges itself.
"""

from datetime import UTC, datetime
from typing import Literal

import msgspec

KeyKind = Literal["tls", "ssh", "ticket"]


class KeySighting(msgspec.Struct, frozen=True, kw_only=True):
    """One key at one service of one device, over all runs of the history before this one.

    Times are UTC, ISO 8601. ``key`` is the SHA-256 (hex) of the SubjectPublicKeyInfo, for ``ssh`` of the host key's
    blob as :class:`~iotscan.model.facts.ssh.HostKey` has it, for ``ticket`` of the ticket key's name.
    """

    device: str
    """The id of the device in this run."""
    service: str
    """``tcp/443``."""
    opening: str = ""
    """As in :attr:`CertificateChain.opening`."""
    kind: KeyKind
    algorithm: str = ""
    """``ssh-ed25519``, ``rsa``: a service may show a key of each."""
    key: str
    first_seen: str
    last_seen: str
    first_run: str
    last_run: str
    runs: int
    """In how many runs it was seen."""
    certificate: str = ""
    """SHA-256 of the certificate that carried it when it was last seen (``tls``)."""
    serial: str = ""
    not_before: str = ""
    not_after: str = ""
    told_by: str = ""
    """What shows the device to be the same: ``mac``, ``serial``, ``uuid``, ``ssh``, ``tls``, ``key and address``.

    ``address`` proves nothing where the key is another: a device whose key was replaced, or another device.
    """

    @property
    def since(self) -> datetime:
        """:attr:`first_seen`. Raises ValueError where it is no date, as in a run file that somebody wrote."""
        return _moment(self.first_seen)

    @property
    def until(self) -> datetime:
        """:attr:`last_seen`. Raises ValueError."""
        return _moment(self.last_seen)

    @property
    def began(self) -> datetime | None:
        """:attr:`not_before`, where a certificate was seen. Raises ValueError."""
        return _moment(self.not_before) if self.not_before else None


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """What the history knew when this run was judged. ``runs`` counts the earlier ones in which a device of this run
    was seen, or another at its address; ``since`` is when the first of them looked.
    """

    runs: int
    since: str = ""
    keys: tuple[KeySighting, ...] = ()
    seen_first: dict[str, str] = {}
    """Device id of this run -> when it was first seen (UTC); without those of whom an address is all that is known."""


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
