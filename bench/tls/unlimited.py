"""The program with the limits off: ``python -m bench.tls.unlimited scan …``. No option of ours does that."""

from functools import partial

from bench.tls.ours import NO_LIMITS
from iotscan.cli import prepare
from iotscan.cli.main import main
from iotscan.model.scope import Pace

if __name__ == "__main__":
    # The name that `scan` makes its pace by is replaced, since no option may do that; a partial is no class to mypy.
    prepare.Pace = partial(Pace, **NO_LIMITS)  # type: ignore[assignment,misc]
    main()
