"""What every section of the audit report reads."""

import msgspec

from iotscan.model.material import Material
from iotscan.model.run import Run
from iotscan.report.content import View


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A run, the same in sentences, and what goes with it."""

    run: Run
    view: View
    material: Material
