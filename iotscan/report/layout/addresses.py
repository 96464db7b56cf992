"""Addresses on the web that a document may lead to."""

from urllib.parse import quote, urlsplit

_KEPT = ":/?#@!$&'*+,;=%~-._"


def web_address(href: str) -> str:
    """``href`` with all that could end it in a file percent-encoded; empty unless it is http or https with a host."""
    try:
        parts = urlsplit(href)
    except ValueError:
        return ""
    return quote(href, safe=_KEPT) if parts.scheme in ("http", "https") and parts.netloc else ""
