"""The machines, a file a topic: each exports ``MACHINES``, whatever else it needs to start them it keeps to itself.

To add a topic: ``machines/<topic>.py`` with a tuple ``MACHINES`` of :class:`~tests.questions.host.Host`, and
``truth/<topic>.yaml`` with a device for each (``host`` is the name). Nothing has to be registered.
"""

from importlib import import_module
from pathlib import Path

from tests.questions.host import Host


def load_machines() -> dict[str, tuple[Host, ...]]:
    """The machines of each topic that has a file here."""
    topics = sorted(p.stem for p in Path(__file__).parent.glob("[!_]*.py"))
    return {topic: import_module(f"{__name__}.{topic}").MACHINES for topic in topics}
