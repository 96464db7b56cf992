"""Whose report it is: the assessor's names, colours and words. Read from a folder by ``--brand DIR``."""

import msgspec


class Brand(msgspec.Struct, frozen=True, kw_only=True):
    """What a report wears. Colours are ``#rrggbb``; empty means the writer's own. The logo is the bytes of a file.

    ``legal`` is the assessor's own text, a paragraph each; ``notes`` say what of the folder was not taken, and why (a
    colour without contrast).
    """

    company: str = ""
    authors: tuple[str, ...] = ()
    contact: str = ""
    logo: bytes = b""
    logo_type: str = ""
    """``image/svg+xml`` or ``image/png``; empty without a logo."""
    primary: str = ""
    accent: str = ""
    classification: str = ""
    footer: str = ""
    legal: tuple[str, ...] = ()
    paper: str = "a4"
    notes: tuple[str, ...] = ()
    templates: str = ""
    """The folder with templates that stand in for blocks of the HTML page; empty without one."""
