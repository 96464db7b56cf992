"""The entry point: a fast path for the version, one place where errors become exit codes."""

import errno
import os
import sys
from io import TextIOWrapper
from typing import NoReturn

from iotscan import __version__
from iotscan.cli.pipe import fall_silent, open_streams, tell

USAGE, INTERNAL, INTERRUPTED = 2, 70, 130


def main() -> NoReturn:
    """Run the command line and exit: 2 for what the user can mend, 70 for a bug of ours."""
    open_streams()
    if isinstance(sys.stdout, TextIOWrapper):
        # A terminal of another alphabet gets escapes instead of a crash.
        sys.stdout.reconfigure(errors="backslashreplace")
    sys.exit(_deliver(_run()))


def _run() -> int:
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
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        return _explain(error)


def _explain(error: Exception) -> int:
    from iotscan.model.errors import BadInput

    while isinstance(error, ExceptionGroup):
        # Tasks that run at once fail as a group; the first cause is the one to tell.
        error = error.exceptions[0]
    if isinstance(error, BadInput):
        tell(f"iotscan: {error}")
        return USAGE
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _unwritten(error)
    return _internal(error)


def _show_traceback(error: Exception) -> None:
    """All of it, for a report to us: without the secrets and escapes of the device whose text broke something."""
    import traceback

    from iotscan.model.redaction import hide_secrets
    from iotscan.model.text import safe_text

    for line in hide_secrets("".join(traceback.format_exception(error))).splitlines():
        indent = line[: len(line) - len(line.lstrip(" "))]
        tell(indent + safe_text(line, 1000))


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
    tell(f"iotscan: results cannot be written ({error.strerror}): make room or choose another place")
    return USAGE


def _internal(error: Exception) -> int:
    if os.environ.get("IOTSCAN_DEBUG"):
        _show_traceback(error)
    # The type and the place only: the text may hold what a device said, or a secret.
    frame, place = error.__traceback__, ""
    while frame is not None:
        path = frame.tb_frame.f_code.co_filename
        place = f"{path.rpartition('iotscan/')[2]}:{frame.tb_lineno}" if "iotscan" in path else place
        frame = frame.tb_next
    tell(
        f"iotscan: internal error, {type(error).__name__} at {place}: this is a bug of ours. Results so far are in "
        f"the run's folder; IOTSCAN_DEBUG=1 shows the traceback for a report"
    )
    return INTERNAL
