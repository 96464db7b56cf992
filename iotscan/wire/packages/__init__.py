"""The formats in which package managers write down what is installed."""

import msgspec


class Installed(msgspec.Struct, frozen=True, kw_only=True):
    """One installed package, as its database states it: text that was not made safe yet.

    ``version`` is what the package manager shows, with its epoch where there is one (``1:2.3-4``).
    """

    name: str
    version: str
    architecture: str = ""
    source: str = ""
    source_version: str = ""
    """Where it is another one."""
    licence: str = ""


class BadDatabase(Exception):
    """A package database that is none, or is damaged: the message says how."""
