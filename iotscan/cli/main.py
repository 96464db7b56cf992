"""The entry point: a fast path for the version, one place where errors become exit codes."""

import os
import sys
from typing import NoReturn

from iotscan import __version__

USAGE, INTERNAL, INTERRUPTED = 2, 70, 130


def main() -> NoReturn:
    """Run the command line and exit: 2 for what the user can mend, 70 for a bug of ours."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        print(f"iotscan {__version__}")
        sys.exit(0)
    sys.exit(_run())


def _run() -> int:
    from iotscan.cli.app import app
    from iotscan.model.errors import BadInput

    try:
        outcome = app(standalone_mode=True)
        return outcome if isinstance(outcome, int) else 0
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 0
    except BadInput as error:
        print(f"iotscan: {error}", file=sys.stderr)
        return USAGE
    except BrokenPipeError:
        # Whoever read our output has left (| head): nothing is wrong. Python must not flush into it again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        return _internal(error)


def _internal(error: Exception) -> int:
    if os.environ.get("IOTSCAN_DEBUG"):
        raise error
    # The type and the place only: the text may hold what a device said, or a secret.
    frame, place = error.__traceback__, ""
    while frame is not None:
        path = frame.tb_frame.f_code.co_filename
        place = f"{path.rpartition('iotscan/')[2]}:{frame.tb_lineno}" if "iotscan" in path else place
        frame = frame.tb_next
    print(
        f"iotscan: internal error, {type(error).__name__} at {place}: this is a bug of ours. Results so far are in "
        f"the run's folder; IOTSCAN_DEBUG=1 shows the traceback for a report",
        file=sys.stderr,
    )
    return INTERNAL
