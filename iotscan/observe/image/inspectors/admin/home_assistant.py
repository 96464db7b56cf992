"""Home Assistant (its documentation, "Authentication providers" and "HTTP"): whom it lets in without a password.

Without a word it has accounts with passwords; the first visitor makes the first of them.
"""

from collections.abc import Iterator
from ipaddress import ip_network
from typing import Literal

from iotscan.model.answer import Answer
from iotscan.model.facts import AdminInterface
from iotscan.observe.image.configuration.places import faces_network
from iotscan.observe.image.startup.reading import startup_of
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.yaml_values import Value, at, document, items, text_at

_FOLDERS = (
    *("/config", "/var/lib/hass", "/root/.homeassistant", "/home/homeassistant/.homeassistant"),
    *("/srv/homeassistant", "/etc/homeassistant", "/usr/share/hassio/homeassistant"),
)


def interfaces(tree: Tree) -> Iterator[AdminInterface]:
    """The interface of a started Home Assistant. Raises Unreadable."""
    services = [s for s in startup_of(tree).services if s.called == "hass" or "homeassistant" in " ".join(s.arguments)]
    for service in services[:1]:
        words = service.arguments
        given = [words[n + 1] for n, word in enumerate(words[:-1]) if word in ("-c", "--config")]
        paths = (f"{folder.rstrip('/')}/configuration.yaml" for folder in (*given, *_FOLDERS))
        path = next((path for path in paths if tree.find(path) is not None), "")
        if path:
            yield _interface(tree, path)


def _interface(tree: Tree, path: str) -> AdminInterface:
    found = document(tree, path)
    providers = at(found, "homeassistant", "auth_providers")
    trusted = [p for p in items(providers) if text_at(p, "type") == "trusted_networks"]
    http = at(found, "http")
    port = text_at(http, "server_port")
    place = trusted[0] if trusted else providers or http
    return AdminInterface(
        path=tree.show(path),
        line=place.line if place is not None else 0,
        product="Home Assistant",
        port=int(port) if port.isascii() and port.isdecimal() and int(port) < 65536 else 8123,
        faces_network=faces_network(text_at(http, "server_host")),
        authentication=_asks(trusted),
        is_default=providers is None,
        tls=Answer.of(bool(text_at(http, "ssl_certificate"))),
    )


def _asks(trusted: list[Value]) -> Literal["password", "none", "address"]:
    for provider in trusted:
        networks = [item.text for item in items(at(provider, "trusted_networks"))]
        if any(_is_everybody(network) for network in networks):
            return "none"
    return "address" if trusted else "password"


def _is_everybody(text: str) -> bool:
    try:
        return ip_network(text, strict=False).prefixlen < 8
    except ValueError:
        return False
