"""zigbee2mqtt's frontend (its documentation, "Frontend"): ``auth_token`` is the one thing that it asks for."""

from collections.abc import Iterator

from iotscan.model.answer import Answer
from iotscan.model.facts import AdminInterface
from iotscan.observe.image.configuration.places import faces_network
from iotscan.observe.image.startup.reading import startup_of
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.yaml_values import at, document, text_at

CONFIGURATIONS = tuple(
    f"{folder}/configuration.yaml"
    for folder in ("/opt/zigbee2mqtt/data", "/var/lib/zigbee2mqtt", "/etc/zigbee2mqtt", "/app/data")
)
_ON = ("true", "yes", "on")


def is_started(tree: Tree) -> bool:
    """Whether a service of the image runs zigbee2mqtt: it has it in its name or its command."""
    return any(
        "zigbee2mqtt" in f"{s.name} {s.program} {' '.join(s.arguments)}".lower() for s in startup_of(tree).services
    )


def interfaces(tree: Tree) -> Iterator[AdminInterface]:
    """The frontend where it is on. Raises Unreadable."""
    path = next((path for path in CONFIGURATIONS if tree.find(path) is not None), "")
    if not path or not is_started(tree):
        return
    frontend = at(document(tree, path), "frontend")
    if frontend is None or (frontend.kind == "text" and frontend.text.lower() not in _ON):
        return
    if text_at(frontend, "enabled").lower() in ("false", "no", "off"):
        return
    port = text_at(frontend, "port")
    token = text_at(frontend, "auth_token")
    yield AdminInterface(
        path=tree.show(path),
        line=frontend.line,
        product="zigbee2mqtt",
        port=int(port) if port.isascii() and port.isdecimal() and int(port) < 65536 else 8080,
        faces_network=faces_network(text_at(frontend, "host")),
        authentication="password" if token and token.lower() not in ("null", "~", "false") else "none",
        tls=Answer.of(bool(text_at(frontend, "ssl_cert"))),
    )
