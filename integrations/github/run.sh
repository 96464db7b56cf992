#!/usr/bin/env bash
# What the GitHub action does (action.yml at the root of this repository): install iotscan, run it, say how it ended.
# Everything comes in as IN_* variables, never by substitution into this text. The exit code is iotscan's own; a run
# that did not work is never green, and a SARIF file is there whatever happened.
set -uo pipefail

readonly USAGE=2 INTERNAL=70
work=$(mktemp -d "${RUNNER_TEMP:?is set by the runner}/iotscan.XXXXXX") || exit "$INTERNAL"
readonly work sarif="$work/iotscan.sarif" junit="$work/iotscan.junit.xml" json="$work/iotscan.json" summary="$work/summary.md"
why="iotscan did not run"

# Runs at every end of this script, the unforeseen ones included.
finish() {
    local code=$1 verdict
    if [ "$code" -eq 0 ] && { [ ! -s "$sarif" ] || [ ! -s "$json" ]; }; then
        code=$INTERNAL why="iotscan exited 0 and wrote no results"
    fi
    case $code in
        0) verdict=pass ;;
        1) verdict=fail ;;
        3) verdict=incomplete ;;
        *) verdict=error ;;
    esac
    if [ "$verdict" = error ]; then
        # Results of a run that did not work are none: the file says so instead of listing them.
        cat >"$sarif" <<SARIF
{
  "\$schema": "https://json.schemastore.org/sarif-2.1.0.json",
  "version": "2.1.0",
  "runs": [{
    "tool": {"driver": {"name": "iotscan", "rules": []}},
    "invocations": [{"executionSuccessful": false, "exitCode": $code}],
    "results": []
  }]
}
SARIF
        printf '## iotscan: error\n\n%s (exit code %d). The log of this step says more.\n' "$why" "$code" >"$summary"
        echo "::error title=iotscan::${why//[^[:print:]]/ } (exit code $code)"
    fi
    if [ -n "${GITHUB_STEP_SUMMARY:-}" ] && [ -s "$summary" ]; then
        cat "$summary" >>"$GITHUB_STEP_SUMMARY"
    fi
    {
        echo "verdict=$verdict"
        echo "exit-code=$code"
        echo "sarif=$sarif"
        echo "junit=$junit"
        echo "json=$json"
    } >>"${GITHUB_OUTPUT:-/dev/stdout}"
    exit "$code"
}
trap 'finish $?' EXIT

refuse() {
    why=$1
    exit "$USAGE"
}

# Sets program: what to call. An exact version, a file, or what is there already; never "the newest".
install() {
    local wanted=${IN_INSTALL:-}
    if [ "$wanted" = none ]; then
        program=(iotscan)
        return
    fi
    case $wanted in
        iotscan==*[*,]*) refuse "install '$wanted' is no exact version" ;;
        iotscan==* | iotscan\[*\]==* | *.whl | . | ./* | /*) ;;
        *) refuse "install '$wanted' is neither iotscan==VERSION nor a path of a wheel or folder" ;;
    esac
    why="iotscan could not be installed"
    "${IN_PYTHON:-python3}" -m venv "$work/venv" || exit "$INTERNAL"
    if [ -n "${IN_REQUIREMENTS:-}" ]; then
        "$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
            --require-hashes --requirement "$IN_REQUIREMENTS" >&2 || exit "$INTERNAL"
    else
        "$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check "$wanted" >&2 || exit "$INTERNAL"
    fi
    program=("$work/venv/bin/iotscan")
}

# Appends "--option value" to words where there is a value.
give() {
    if [ -n "$2" ]; then
        words+=("$1" "$2")
    fi
}

case ${IN_COMMAND:-} in
    image) words=(image) ;;
    # A stored run is judged again: as the command gate does, with files of results besides.
    gate) words=(assess) ;;
    *) refuse "command '${IN_COMMAND:-}' is neither image nor gate" ;;
esac
[ -n "${IN_TARGET:-}" ] || refuse "target is missing: the image, or the run file"

give --fail-on "${IN_FAIL_ON:-high}"
give --incomplete "${IN_INCOMPLETE:-fail}"
give --profile "${IN_PROFILE:-}"
give --warn-on "${IN_WARN_ON:-}"
give --fail-on-new "${IN_FAIL_ON_NEW:-}"
give --baseline "${IN_BASELINE:-}"
give --min-grade "${IN_MIN_GRADE:-}"
give --waivers "${IN_WAIVERS:-}"
words+=(--output-dir "$work/runs" -f "sarif-github:$sarif" -f "junit:$junit" -f "json:$json" -f "github-summary:$summary")

program=()
install
if [ -n "${IN_CONFIG:-}" ]; then
    program+=(--config "$IN_CONFIG")
fi
why="iotscan failed"
# The summary is appended once, at the end: not by the program as well.
GITHUB_STEP_SUMMARY='' "${program[@]}" "${words[@]}" -- "$IN_TARGET"
