"""The image holds no tools and settings of developers.

## What it looks at
The folders in which commands are looked for: debuggers (`gdbserver`), tracers (`strace`, `perf`), sniffers
(`tcpdump`), `adbd`, general network tools (`nc`, `socat`) and compilers. Applets of BusyBox do not count. And lines
that call the build one for debugging: image features of Yocto in `/etc/buildinfo`, `VARIANT` in `/etc/os-release`,
`ro.debuggable` of Android, `PermitEmptyPasswords` in `sshd_config`.

## Why it matters
A debug build is made to be entered. Where somebody has come in already, a debugger reads keys from the memory of
other programs and a sniffer reads the traffic: what an intruder would have to bring is there.

## How to fix
Build the release from an image recipe of its own, without `debug-tweaks`, `tools-debug` and `tools-profile` in
IMAGE_FEATURES, without `BR2_PACKAGE_GDB`, `BR2_PACKAGE_STRACE` and `BR2_PACKAGE_TCPDUMP`, and let the pipeline list
what is installed. Keep tools in a second image that is signed for laboratory devices only.

## References
- OWASP ISVS 1.3.12: release builds are without debugging code
- Yocto Project reference manual, IMAGE_FEATURES; os-release(5)
"""

from iotscan.sdk import DebugTools, Returned, Subject, Target, bad, check, clause, good, unknown

MINOR = ("network-tool", "compiler")


@check(
    id="debug-tools",
    aliases=("HW-011",),
    title="No tools of developers are left in the image",
    element="hardware",
    variants={
        "debug-build": ("medium", "The image says that it is a build for debugging"),
        "tool": ("medium", "A debugger, tracer, sniffer or debugging daemon is installed"),
        "minor-tool": ("low", "A general network tool or a compiler is installed"),
    },
    clauses=(
        clause("OWASP ISVS", "edfda29b", "1.3.12"),
        clause("OWASP IoT Top 10", "2018", "I9"),
        clause("ETSI EN 303 645", "V3.1.3", "5.6-5"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(j)"),
    ),
    tags=("exposure", "image", "root-filesystem"),
    since="0.1",
    effort="low",
)
def debug_tools(found: DebugTools, target: Target) -> Returned:
    """Fail on each trace of a debug build, and once for each group of tools."""
    image = target.subject.image
    verdicts = []
    for trace in found.traces:
        place = Subject(image=image, path=trace.path, line=trace.line)
        text = f"the image is a build for debugging: {trace.says}"
        verdicts.append(
            bad("debug-build", text, observed=f"{place}", expected="a release build", about=place, part=trace.says)
        )
    for tool in found.tools:
        is_minor = tool.purpose in MINOR
        place = Subject(image=image, path=tool.path)
        text = f"{tool.name} ({tool.purpose}) is installed{' and started' if tool.starts else ''}"
        verdicts.append(
            bad(
                "minor-tool" if is_minor else "tool",
                text,
                observed=f"{place}",
                expected="not in a release",
                about=place,
                part=tool.name,
            )
        )
    if not found.commands_searched:
        return verdicts or unknown("the image holds no folder of commands")
    return verdicts or good(f"none of {found.commands_searched} commands is a tool of developers")
