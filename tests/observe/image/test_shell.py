"""Commands read off scripts: what is a command, what is only text, and that no text takes long or breaks it."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotscan.observe.image.shell import shell_commands
from iotscan.observe.image.unreadable import Unreadable


def words(text: str) -> list[tuple[int, str]]:
    return [(c.line, " ".join(c.words)) for c in shell_commands(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# telnetd -l /bin/sh\n", []),
        ("a # telnetd\nb", [(1, "a"), (2, "b")]),
        ("echo 'telnetd; x'", [(1, "echo telnetd; x")]),
        ("cat <<EOF >f\ntelnetd -l /bin/sh\nEOF\nb", [(1, "cat > f"), (4, "b")]),
        ("cat <<-'END'\n\ttelnetd\n\tEND\nb", [(1, "cat"), (4, "b")]),
        ("a \\\n  -b\nc", [(1, "a -b"), (3, "c")]),
        ("if [ -f x ]; then a; else b; fi", [(1, "[ -f x ]"), (1, "a"), (1, "b")]),
        ("for i in 1 2; do a $i; done", [(1, "a $i")]),
        ("case $1 in\nstart) a ;;\nstop|telnetd) b;;\nesac", [(2, "a"), (3, "stop"), (3, "b")]),
        ("telnetd() { a; }", [(1, "a")]),
        ("X=$(a | b) c", [(1, "X=$(a | b) c"), (1, "a"), (1, "b")]),
        ('d "$(a $(b))" `e`', [(1, "d $(a $(b)) $(e)"), (1, "a $(b)"), (1, "b"), (1, "e")]),
        ("( a && b ) || c &", [(1, "a"), (1, "b"), (1, "c")]),
        ("while true; do a; done", [(1, "true"), (1, "a")]),
        ("a > b 2>&1", [(1, "a > b 2 >& 1")]),
        ("x=$((1 + 2)) y=${z:-$(a)}", [(1, "x=$((1 + 2)) y=${z:-$(a)}")]),
    ],
)
def test_what_is_a_command(text: str, expected: list[tuple[int, str]]) -> None:
    assert words(text) == expected


def test_parts_of_a_pipeline_belong_together() -> None:
    numbers = [c.pipeline for c in shell_commands("a | b | c\nd && e")]
    assert numbers[0] == numbers[1] == numbers[2] != numbers[3] != numbers[4]


@settings(max_examples=150)
@given(st.text(st.sampled_from("ab $(){}`'\"\\\n;|&<>#=-EOF"), max_size=120) | st.text(max_size=120))
def test_any_text_ends(text: str) -> None:
    with contextlib.suppress(Unreadable):
        for command in shell_commands(text):
            assert command.words
            assert 1 <= command.line <= text.count("\n") + 1
