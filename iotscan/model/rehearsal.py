"""What a dry run would have tried."""

import msgspec


class PlannedLogin(msgspec.Struct, frozen=True, kw_only=True):
    """The tries that one service would see. Never holds a password.

    ``accounts`` has one entry for each pair, in the order in which they are tried; an entry is empty where a password
    goes without a user. ``most_tries`` counts the made-up user before them, and after the first that is let in.
    """

    device: str
    """Its address."""
    service: str
    """``tcp/80``."""
    protocol: str
    product: str
    records: tuple[str, ...]
    """None where no product documents the login: anonymous FTP."""
    accounts: tuple[str, ...]
    most_tries: int
    sources: tuple[str, ...]
