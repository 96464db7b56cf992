"""Web interfaces of gateways: Node-RED, zigbee2mqtt, Home Assistant, where the image starts them."""

from iotscan.model.facts import AdminInterfaces
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.heard import Heard, all_missed
from iotscan.observe.image.inspector import Inspector
from iotscan.observe.image.inspectors.admin import home_assistant, node_red, zigbee2mqtt
from iotscan.observe.image.startup.reading import startup_of
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable

_GIVES = (AdminInterfaces,)
_PROGRAMS = ("/usr/bin/node-red", "/usr/local/bin/node-red", "/usr/bin/hass", "/usr/local/bin/hass")


def _inspect(tree: Tree) -> Heard:
    try:
        problem = startup_of(tree).problem
        there = next((path for path in (*_PROGRAMS, *zigbee2mqtt.CONFIGURATIONS) if tree.find(path) is not None), "")
        found = (*node_red.interfaces(tree), *zigbee2mqtt.interfaces(tree), *home_assistant.interfaces(tree))
    except Unreadable as error:
        return all_missed(_GIVES, AttemptStatus.UNREADABLE, Reason.UNREADABLE, f"interfaces: {error}")
    if problem and there and not found:
        detail = f"{tree.show(there)} is there, and whether it is started is not known: {problem}"
        return all_missed(_GIVES, AttemptStatus.NOT_TRIED, Reason.NOT_OBSERVABLE, detail)
    return Heard(facts=(AdminInterfaces(interfaces=found),)) if found else Heard()


INSPECTOR = Inspector(name="admin", version=1, gives=_GIVES, inspect=_inspect)
