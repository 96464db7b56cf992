"""An exact change that makes a finding go away, proved by a test with the real program."""

import msgspec


class Remedy(msgspec.Struct, frozen=True, kw_only=True):
    """What to write where, for one program.

    ``remove`` are regular expressions of whole lines that the change takes out of ``file`` (empty: none); ``text`` is
    what it puts in; ``where`` says at which place, in words (``in the server block``, ``at the end``). ``apply`` are
    the commands that bring it into force. ``versions`` is the range that it was tried with, ``source`` the manual.
    """

    id: str
    program: str
    """``nginx``, ``mosquitto``, ``dropbear``, ``openssh``, ``snmpd``, ``vsftpd``, ``lighttpd``."""
    check: str
    variants: tuple[str, ...] = ()
    """Of which ways to fail it is the remedy; empty for each."""
    title: str
    file: str
    where: str = ""
    remove: tuple[str, ...] = ()
    text: str
    apply: tuple[str, ...] = ()
    note: str = ""
    """What it costs or presupposes, in a sentence."""
    versions: str = ""
    source: str = ""
