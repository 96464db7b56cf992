"""A data store that answers on the network."""

from iotscan.model.answer import Answer
from iotscan.model.facts.fact import Fact


class DataStore(Fact, frozen=True, kw_only=True, tag="data-store"):
    """A database or cache and whether it answers to somebody who has not logged in.

    ``system`` is its name in lower case: ``redis``, ``memcached``, ``mongodb``, ``elasticsearch``, ``influxdb``,
    ``couchdb`` …
    """

    system: str
    needs_login: Answer[bool]
    """False where it did what only those may who may read: nobody is kept out. True where it refused that."""
    tls: bool
    version: str = ""
    said: str = ""
    """What it answered that settles the question, without any data that it holds."""
    path: str = ""
    """What was asked for of a store that speaks HTTP; empty for every other."""
