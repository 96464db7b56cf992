"""The styles of the Word document: everything that is formatted is so by one of these."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from iotscan.report.document import Tone
from iotscan.report.layout.word.markup import attribute

HEAD: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
W: Final = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
DEEPEST: Final = 6
"""Levels of headings."""
INK: Final = "1A1A1A"
COLOURS: Final[Mapping[Tone, str]] = MappingProxyType(
    {
        "critical": "8B0000", "high": "B42318", "medium": "7A4F00", "low": "1D5B8F", "info": "555555",
        "pass": "1E6B2E", "fail": "B42318", "warn": "7A4F00", "unknown": "555555",
        "a": "1E6B2E", "b": "3D6A0F", "c": "7A4F00", "d": "8A4B00", "e": "B42318", "f": "8B0000",
    }
)  # fmt: skip
"""Contrast with white and with the shade of a row is 4.5 at least (WCAG 2.2, 1.4.3); each stands beside a word."""
_KINDS = {"critical": "Severity", "high": "Severity", "medium": "Severity", "low": "Severity", "info": "Severity"}
_TEXT, _CODE = "Calibri", "Consolas"


def tone_style(tone: Tone) -> str:
    """The id of the character style of a tone, empty where it has none."""
    return f"{_kind(tone)}{tone.capitalize()}" if tone in COLOURS else ""


def _kind(tone: Tone) -> str:
    return _KINDS.get(tone) or ("Grade" if len(tone) == 1 else "Outcome")


def styles(primary: str, accent: str, language: str, width: int, *, is_brief: bool = False) -> str:
    """``styles.xml``. Colours are six hex digits; ``language`` is a tag as ``en-GB``; ``width`` is that of a line."""
    parts = [
        _defaults(language),
        _paragraph("Normal", "Normal", based="", spacing=(0, 120), run=_letters(), more='w:default="1"'),
        _character("DefaultParagraphFont", "Default Paragraph Font", "", more='w:default="1"'),
        _plain_table(),
        *_headings(primary, is_brief=is_brief),
        *_front(primary, accent, width),
        *_texts(primary, accent),
        *_characters(primary),
        *_tables(primary),
    ]
    return f"{HEAD}<w:styles {W}>{''.join(parts)}</w:styles>"


def _defaults(language: str) -> str:
    lang = f'<w:lang w:val="{attribute(language)}" w:eastAsia="en-US" w:bidi="ar-SA"/>'
    # Fonts are those of Normal: LibreOffice lays defaults over character styles in tables.
    return (
        f"<w:docDefaults><w:rPrDefault><w:rPr>{lang}</w:rPr></w:rPrDefault><w:pPrDefault/></w:docDefaults>"
        '<w:latentStyles w:defLockedState="0" w:defUIPriority="99" w:defSemiHidden="1" w:defUnhideWhenUsed="1" '
        'w:defQFormat="0" w:count="376"/>'
    )


def _letters() -> str:
    fonts = f'<w:rFonts w:ascii="{_TEXT}" w:hAnsi="{_TEXT}" w:eastAsia="{_TEXT}" w:cs="{_TEXT}"/>'
    return f'{fonts}<w:color w:val="{INK}"/><w:sz w:val="21"/><w:szCs w:val="21"/>'


def _paragraph(
    id: str,
    name: str,
    *,
    based: str = "Normal",
    after: str = "",
    spacing: tuple[int, int] | None = None,
    before: str = "",
    behind: str = "",
    run: str = "",
    more: str = 'w:customStyle="1"',
) -> str:
    """``before`` and ``behind`` are properties that stand before and behind the spacing in the schema's order."""
    line = ' w:line="264" w:lineRule="auto"' if id == "Normal" else ""
    space = f'<w:spacing w:before="{spacing[0]}" w:after="{spacing[1]}"{line}/>' if spacing else ""
    base = f'<w:basedOn w:val="{based}"/>' if based else ""
    then = f'<w:next w:val="{after}"/>' if after else ""
    inside = before + space + behind
    properties = f"<w:pPr>{inside}</w:pPr>" if inside else ""
    letters = f"<w:rPr>{run}</w:rPr>" if run else ""
    return (
        f'<w:style w:type="paragraph" {more} w:styleId="{id}"><w:name w:val="{name}"/>{base}{then}'
        f"<w:qFormat/>{properties}{letters}</w:style>"
    )


def _character(id: str, name: str, run: str, more: str = 'w:customStyle="1"') -> str:
    letters = f"<w:rPr>{run}</w:rPr>" if run else ""
    base = "" if id == "DefaultParagraphFont" else '<w:basedOn w:val="DefaultParagraphFont"/>'
    return (
        f'<w:style w:type="character" {more} w:styleId="{id}"><w:name w:val="{name}"/>{base}<w:qFormat/>'
        f"{letters}</w:style>"
    )


def _size(points: float) -> str:
    return f'<w:sz w:val="{int(points * 2)}"/><w:szCs w:val="{int(points * 2)}"/>'


def _bold(colour: str, points: float) -> str:
    return f'<w:b/><w:bCs/><w:color w:val="{colour}"/>{_size(points)}'


def _code(points: float) -> str:
    fonts = f'<w:rFonts w:ascii="{_CODE}" w:hAnsi="{_CODE}" w:eastAsia="{_CODE}" w:cs="{_CODE}"/>'
    return f"{fonts}<w:noProof/>{_size(points)}"


def _headings(primary: str, *, is_brief: bool) -> list[str]:
    sizes = (13, 11, 10.5, 10.5, 10.5, 10.5) if is_brief else (18, 14, 12, 11, 10.5, 10.5)
    made = []
    for level in range(1, DEEPEST + 1):
        size = sizes[level - 1]
        space = (300, 80) if level > 1 else (200, 80) if is_brief else (480, 160)
        rank = f'<w:outlineLvl w:val="{level - 1}"/>'
        keep = "<w:keepNext/><w:keepLines/>"
        for kind, name, list_ in (("Heading", "heading", HEADINGS), ("Appendix", "Appendix", APPENDICES)):
            numbering = f'<w:numPr><w:ilvl w:val="{level - 1}"/><w:numId w:val="{list_}"/></w:numPr>'
            is_ours = kind == "Appendix"
            made.append(
                _paragraph(
                    f"{kind}{level}", f"{name} {level}", based=f"Heading{level}" if is_ours else "Normal",
                    after="Normal", before=keep + numbering, spacing=space, behind=rank, run=_bold(primary, size),
                    more='w:customStyle="1"' if is_ours else "",
                )
            )  # fmt: skip
        for kind, name, outline in (("Card", "Card", level - 1), ("CardUnlisted", "Card unlisted", 9)):
            bare = '<w:numPr><w:numId w:val="0"/></w:numPr>'
            made.append(
                _paragraph(
                    f"{kind}{level}", f"{name} {level}", based=f"Heading{level}", after="Normal", before=keep + bare,
                    spacing=(280, 60), behind=f'<w:ind w:left="0" w:firstLine="0"/><w:outlineLvl w:val="{outline}"/>',
                )
            )  # fmt: skip
    return made


HEADINGS, APPENDICES, BULLETS, NUMBERS = 1, 2, 3, 4
"""Ids of the lists; each numbered list of the text gets one of its own after these."""


def _border(side: str, colour: str, size: int = 12, space: int = 6) -> str:
    return f'<w:{side} w:val="single" w:sz="{size}" w:space="{space}" w:color="{colour}"/>'


def _fill(colour: str) -> str:
    return f'<w:shd w:val="clear" w:color="auto" w:fill="{colour}"/>'


def _front(primary: str, accent: str, width: int) -> list[str]:
    centre = '<w:jc w:val="center"/>'
    edge = "".join(_border(side, primary, 4, 5) for side in ("top", "bottom"))
    ribbon = f'<w:b/><w:bCs/><w:caps/><w:color w:val="FFFFFF"/><w:spacing w:val="40"/>{_size(14)}'
    return [
        _paragraph("Title", "Title", after="Subtitle", spacing=(1800, 120), run=_bold(primary, 30), more=""),
        _paragraph("TitleBrief", "Title brief", based="Title", after="Normal", spacing=(0, 60), run=_bold(primary, 18)),
        _paragraph("Subtitle", "Subtitle", spacing=(0, 360), run=f'<w:color w:val="444444"/>{_size(15)}', more=""),
        _paragraph("Logo", "Logo", spacing=(0, 240)),
        _paragraph(
            "StatusRibbon", "Status ribbon", before=f"<w:pBdr>{edge}</w:pBdr>{_fill(primary)}",
            spacing=(120, 360), behind=centre, run=ribbon,
        ),
        _paragraph("Classification", "Classification", spacing=(240, 120), run=_bold(accent, 12)),
        _paragraph("Company", "Company", spacing=(0, 240), run=_bold(INK, 13)),
        _paragraph(
            "TOCHeading", "TOC Heading", before="<w:pageBreakBefore/>", spacing=(0, 200),
            run=_bold(primary, 18), more="",
        ),
        *(
            _paragraph(
                f"TOC{level}", f"toc {level}", after="Normal",
                before=f'<w:tabs><w:tab w:val="right" w:leader="dot" w:pos="{width}"/></w:tabs>',
                spacing=(60 if level == 1 else 0, 20), behind=f'<w:ind w:left="{(level - 1) * 240}"/>',
                run="<w:b/><w:bCs/>" if level == 1 else "", more="",
            )
            for level in range(1, 4)
        ),
        *(
            _paragraph(
                name.capitalize(), name, spacing=(0, 0),
                before=f'<w:tabs><w:tab w:val="right" w:pos="{width}"/></w:tabs>',
                run=f'<w:color w:val="555555"/>{_size(8.5)}', more="",
            )
            for name in ("header", "footer")
        ),
        _paragraph("Warning", "Warning", spacing=(0, 60), run=_bold(COLOURS["critical"], 9)),
    ]  # fmt: skip


def _texts(primary: str, accent: str) -> list[str]:
    bar = f"<w:pBdr>{_border('left', accent, 24, 8)}</w:pBdr>"
    box = "".join(_border(side, "BFBFBF", 4, 4) for side in ("top", "left", "bottom", "right"))
    inset = '<w:ind w:left="120" w:right="120"/>'
    made = [
        _paragraph("ToEdit", "To edit", before=bar + _fill("FFF7D6"), spacing=(60, 160), behind=inset),
        _paragraph(
            "Code", "Code", before=f"<w:pBdr>{box}</w:pBdr>{_fill('F4F4F4')}", spacing=(40, 160), behind=inset,
            run=_code(9),
        ),
        _paragraph("CodeLabel", "Code label", before="<w:keepNext/>", spacing=(120, 40), run=_bold(INK, 9.5)),
        _paragraph("Caption", "caption", before="<w:keepNext/>", spacing=(200, 80), run=_bold("444444", 9.5), more=""),
        _paragraph("ChartLegend", "Chart legend", before="<w:keepNext/>", spacing=(0, 80), run=_size(9)),
        _paragraph("ChartDescription", "Chart description", spacing=(0, 120), run=f'<w:i/><w:iCs/>{_size(9.5)}'),
        _paragraph("Badges", "Badges", before="<w:keepNext/>", spacing=(0, 100), run=_size(9.5)),
        _paragraph("FoldSummary", "Fold summary", before="<w:keepNext/>", spacing=(200, 80), run=_bold(primary, 10.5)),
        _paragraph("TableText", "Table text", spacing=(20, 20), run=_size(9)),
        _paragraph("TableHeading", "Table heading", based="TableText", before="<w:keepNext/>", run=_bold("FFFFFF", 9)),
        _paragraph("TableNumberHeading", "Table number heading", based="TableHeading", behind='<w:jc w:val="right"/>'),
        _paragraph("TableNumber", "Table number", based="TableText", behind='<w:jc w:val="right"/>'),
        _paragraph("TableCode", "Table code", based="TableText", run=_code(8.5)),
        _paragraph("TableGap", "Table gap", spacing=(0, 60), run=_size(4)),
        _paragraph("FactName", "Fact name", based="TableText", before="<w:keepNext/>", run="<w:b/><w:bCs/>"),
        _paragraph("FactEnd", "Fact end", based="TableText", run="<w:b/><w:bCs/>"),
        _paragraph("Lead", "Lead", before="<w:keepNext/>", spacing=(120, 60)),
        _paragraph("CommentText", "annotation text", run=_size(10), more=""),
        *(
            _paragraph(
                f"Bar{what}", f"Bar {what.lower()}", based="TableText", behind='<w:jc w:val="center"/>',
                run=_bold(ink, 8),
            )
            for what, ink in (("Passed", "FFFFFF"), ("Failed", "FFFFFF"), ("Unknown", INK))
        ),
        *(
            _paragraph(
                name.replace(" ", ""), name, spacing=(0, 60),
                before=f'<w:numPr><w:numId w:val="{list_}"/></w:numPr>', behind="<w:contextualSpacing/>", more="",
            )
            for name, list_ in (("List Bullet", BULLETS), ("List Number", NUMBERS))
        ),
    ]  # fmt: skip
    for kind, colour, fill in (
        ("danger", COLOURS["high"], "FDECEA"),
        ("warning", COLOURS["medium"], "FFF4DB"),
        ("note", COLOURS["low"], "EAF2FA"),
    ):
        sides = "".join(
            _border(side, colour, 24 if side == "left" else 4) for side in ("top", "left", "bottom", "right")
        )
        before = f"<w:keepLines/><w:pBdr>{sides}</w:pBdr>{_fill(fill)}"
        id_, name = f"Callout{kind.capitalize()}", f"Callout {kind}"
        made.append(_paragraph(id_, name, before=before, spacing=(160, 200), behind=inset))
    return made


def _characters(primary: str) -> list[str]:
    return [
        _character("Strong", "Strong", "<w:b/><w:bCs/>", more=""),
        _character("CodeCharacter", "Code character", _code(9.5)),
        _character("Hyperlink", "Hyperlink", '<w:color w:val="0B57A4"/><w:u w:val="single"/>', more=""),
        _character("CommentReference", "annotation reference", _size(8), more=""),
        *(_tone(tone, colour) for tone, colour in COLOURS.items()),
    ]  # fmt: skip


def _tone(tone: Tone, colour: str) -> str:
    word = tone if len(tone) > 1 else tone.upper()
    return _character(tone_style(tone), f"{_kind(tone)} {word}", f'<w:b/><w:bCs/><w:color w:val="{colour}"/>')


def _plain_table() -> str:
    margins = '<w:tblCellMar><w:left w:w="108" w:type="dxa"/><w:right w:w="108" w:type="dxa"/></w:tblCellMar>'
    return (
        '<w:style w:type="table" w:default="1" w:styleId="TableNormal"><w:name w:val="Normal Table"/>'
        f'<w:uiPriority w:val="99"/><w:semiHidden/><w:unhideWhenUsed/>'
        f'<w:tblPr><w:tblInd w:w="0" w:type="dxa"/>{margins}</w:tblPr></w:style>'
    )


def _table(id: str, name: str, properties: str, conditions: str = "") -> str:
    return (
        f'<w:style w:type="table" w:customStyle="1" w:styleId="{id}"><w:name w:val="{name}"/>'
        f'<w:basedOn w:val="TableNormal"/><w:qFormat/><w:tblPr><w:tblStyleRowBandSize w:val="1"/>{properties}</w:tblPr>'
        f"{conditions}</w:style>"
    )


def _tables(primary: str) -> list[str]:
    def borders(*sides: str) -> str:
        return f"<w:tblBorders>{''.join(_border(side, 'BFBFBF', 4, 0) for side in sides)}</w:tblBorders>"

    edge = '<w:tblCellMar><w:left w:w="80" w:type="dxa"/><w:right w:w="80" w:type="dxa"/></w:tblCellMar>'
    bold = "<w:rPr><w:b/><w:bCs/></w:rPr>"
    head = (
        f'<w:tblStylePr w:type="firstRow">{bold}<w:tcPr>{_fill(primary)}</w:tcPr></w:tblStylePr>'
        f'<w:tblStylePr w:type="firstCol">{bold}</w:tblStylePr>'
        f'<w:tblStylePr w:type="band2Horz"><w:tcPr>{_fill("F6F7F9")}</w:tcPr></w:tblStylePr>'
    )
    return [
        _table("ReportTable", "Report table", borders("top", "bottom", "insideH") + edge, head),
        _table("FactTable", "Fact table", borders("bottom", "insideH") + edge),
        _table("BarTable", "Bar table", edge.replace("80", "30")),
    ]  # fmt: skip
