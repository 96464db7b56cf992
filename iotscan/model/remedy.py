"""An exact change that makes a finding go away, proved by a test with the real program."""

import msgspec


class Remedy(msgspec.Struct, frozen=True, kw_only=True):
    """What to write where, for one program and one check.

    The change, word for word: in ``file`` and in every file of ``also``, take out each line that one of ``remove``
    fits whole; then put ``text`` into ``file``, behind the first line that ``after`` fits whole, or at its end where
    ``after`` is empty. ``where`` says that place in words. ``apply`` are the commands that bring it into force, the
    program's own test of its configuration first. ``versions`` is what it was tried with, ``source`` the manual.
    """

    id: str
    program: str
    """``nginx``, ``mosquitto``, ``dropbear``, ``openssh``, ``snmpd``, ``vsftpd``, ``lighttpd``."""
    check: str
    variants: tuple[str, ...] = ()
    """Of which ways to fail it is the remedy; empty for each."""
    title: str
    file: str
    """As Debian has it."""
    also: tuple[str, ...] = ()
    """Globs of further files in which the same lines may stand."""
    where: str = ""
    after: str = ""
    """A regular expression of the whole line behind which the text goes; empty: at the end of the file."""
    remove: tuple[str, ...] = ()
    """Regular expressions of whole lines."""
    text: str
    """Empty where taking lines out is all."""
    fill: dict[str, str] = {}
    """What only the reader knows, by the name that stands for it in ``text`` and ``apply`` (``<CERTIFICATE>``)."""
    apply: tuple[str, ...] = ()
    note: str = ""
    """What it costs or presupposes, in a sentence."""
    versions: str = ""
    source: str = ""

    def repairs(self, check: str, variant: str) -> bool:
        """True where it is proved to be the remedy of this way to fail this check."""
        return self.check == check and (not self.variants or variant in self.variants)


class Absence(msgspec.Struct, frozen=True, kw_only=True):
    """A check whose findings no configuration of the program repairs, or none that we could prove, and why."""

    check: str
    variants: tuple[str, ...] = ()
    why: str


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """A program, how it is known, and what was proved of it.

    ``products`` are its names as a device's :class:`~iotscan.model.identification.Software` has them; ``paths`` globs
    of its configuration files in an image.
    """

    name: str
    products: tuple[str, ...]
    paths: tuple[str, ...]
    remedies: tuple[Remedy, ...]
    absences: tuple[Absence, ...] = ()
