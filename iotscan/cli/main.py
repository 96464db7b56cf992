"""The entry point: a fast path for the version, one place where errors become exit codes."""

import errno
import os
import sys
from io import TextIOWrapper
from typing import NoReturn

from iotscan import __version__
from iotscan.cli.pipe import fall_silent

USAGE, INTERNAL, INTERRUPTED = 2, 70, 130


def main() -> NoReturn:
    """Run the command line and exit: 2 for what the user can mend, 70 for a bug of ours."""
    if isinstance(sys.stdout, TextIOWrapper):
        # A terminal of another alphabet gets escapes instead of a crash.
        sys.stdout.reconfigure(errors="backslashreplace")
    sys.exit(_deliver(_run()))


def _run() -> int:
    from iotscan.model.errors import BadInput

    try:
        if sys.argv[1:] in (["--version"], ["-V"]):
            print(f"iotscan {__version__}")
            return 0
        from iotscan.cli.app import app

        outcome = app(standalone_mode=True, prog_name="iotscan")
        return outcome if isinstance(outcome, int) else 0
    except SystemExit as stop:
        # typer turns a reader that has left (| head) into exit code 1, which is ours for findings.
        left = isinstance(stop.__context__, BrokenPipeError)
        return stop.code if isinstance(stop.code, int) and not left else 0
    except BadInput as error:
        print(f"iotscan: {error}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as error:
        return _unwritten(error) if error.errno in (errno.ENOSPC, errno.EDQUOT) else _internal(error)
    except Exception as error:
        return _internal(error)


def _deliver(code: int) -> int:
    """Write out what is still to be written to standard output; ``code``, unless that fails."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        fall_silent()
    except OSError as error:
        return _unwritten(error)
    return code


def _unwritten(error: OSError) -> int:
    fall_silent()
    print(f"iotscan: results cannot be written ({error.strerror}): make room or choose another place", file=sys.stderr)
    return USAGE


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
