"""The lists: numbers of headings and appendices, bullets, and a list of its own for each that counts from one."""

from iotscan.report.layout.word.styles import APPENDICES, BULLETS, DEEPEST, HEAD, HEADINGS, NUMBERS, W


def numbering(lists: int) -> str:
    """``numbering.xml`` for a text with so many numbered lists."""
    kinds = [_outline(HEADINGS, "Heading", "decimal"), _outline(APPENDICES, "Appendix", "upperLetter")]
    kinds += [_single(BULLETS, "bullet", "•", "ListBullet"), _single(NUMBERS, "decimal", "%1.", "ListNumber")]
    used = [f'<w:num w:numId="{n}"><w:abstractNumId w:val="{n}"/></w:num>' for n in range(1, NUMBERS + 1)]
    restart = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride>'
    used += [
        f'<w:num w:numId="{NUMBERS + n}"><w:abstractNumId w:val="{NUMBERS}"/>{restart}</w:num>'
        for n in range(1, lists + 1)
    ]
    return f"{HEAD}<w:numbering {W}>{''.join(kinds + used)}</w:numbering>"


def _outline(id: int, style: str, first: str) -> str:
    levels = []
    for level in range(DEEPEST):
        shown = ".".join(f"%{n}" for n in range(1, level + 2))
        kind = first if level == 0 else "decimal"
        levels.append(
            f'<w:lvl w:ilvl="{level}"><w:start w:val="1"/><w:numFmt w:val="{kind}"/>'
            f'<w:pStyle w:val="{style}{level + 1}"/>'
            f'<w:suff w:val="tab"/><w:lvlText w:val="{shown}"/><w:lvlJc w:val="left"/>'
            f'<w:pPr><w:ind w:left="{567 + level * 142}" w:hanging="{567 + level * 142}"/></w:pPr></w:lvl>'
        )
    return (
        f'<w:abstractNum w:abstractNumId="{id}"><w:multiLevelType w:val="multilevel"/>{"".join(levels)}</w:abstractNum>'
    )


def _single(id: int, kind: str, shown: str, style: str) -> str:
    return (
        f'<w:abstractNum w:abstractNumId="{id}"><w:multiLevelType w:val="singleLevel"/><w:lvl w:ilvl="0">'
        f'<w:start w:val="1"/><w:numFmt w:val="{kind}"/><w:pStyle w:val="{style}"/><w:suff w:val="tab"/>'
        f'<w:lvlText w:val="{shown}"/><w:lvlJc w:val="left"/><w:pPr><w:ind w:left="360" w:hanging="360"/></w:pPr>'
        "</w:lvl></w:abstractNum>"
    )
