"""Pages to print: A4 upright in the face of the console, with Korean letters embedded as far as they are used."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import FontFace

from hotline.core.i18n import gettext

FONTS = Path(__file__).parents[1] / "console/static/vendor/pretendard"
Colour = tuple[int, int, int]
INK, QUIET, LINE, GRAVE, HEAD = (23, 33, 44), (75, 89, 103), (211, 218, 226), (179, 22, 27), (233, 237, 242)
"""Colours of the console by day: letters, what stands beside, lines, what is grave, and the ground of a table's head."""


class Sheet(FPDF):
    """Pages with a title in their properties and a foot on each; margins in millimetres."""

    def __init__(self, title: str, foot: str = "", *, margins: tuple[float, float] = (14, 16)) -> None:
        super().__init__(format="A4")
        self.title_text, self.foot, self.foot_colour = title, foot or title, QUIET
        self.add_font("P", "", FONTS / "Pretendard-Regular.ttf")
        self.add_font("P", "B", FONTS / "Pretendard-SemiBold.ttf")
        self.set_margins(*margins)
        self.set_auto_page_break(auto=True, margin=18)
        self.set_title(title)
        self.set_creator(gettext("Consular crisis hotline"))

    def footer(self) -> None:
        """Write what it is and the page's number below every page."""
        self.set_y(-12)
        self.face(8, self.foot_colour)
        self.cell(0, 5, f"{self.foot} · {self.page_no()}/{{nb}}", align="C")

    def face(self, size: float, colour: Colour = INK, *, bold: bool = False) -> None:
        """Choose size in points, colour and weight of what is written next."""
        self.set_font("P", "B" if bold else "", size)
        self.set_text_color(*colour)

    def words(self, height: float, said: str, *, fill: bool = False) -> None:
        """Write one line and go to the next."""
        self.cell(0, height, said, fill=fill, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def paragraph(self, height: float, said: str) -> None:
        """Write as many lines as it takes."""
        self.multi_cell(0, height, said, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def section(self, title: str) -> None:
        """Write the title of a part."""
        self.ln(5)
        self.face(12, bold=True)
        self.words(8, title)

    def tiles(self, shown: Sequence[tuple[str, int, Colour]], *, size: float = 18) -> None:
        """Write counts side by side, each below its name."""
        width, top = self.epw / max(len(shown), 1), self.get_y()
        for nth, (name, count, colour) in enumerate(shown):
            self.set_xy(self.l_margin + nth * width, top)
            self.face(size / 2, QUIET)
            self.cell(width, 5, name)
            self.set_xy(self.l_margin + nth * width, top + 5)
            self.face(size, colour, bold=True)
            self.cell(width, size / 2, f"{count:,}")
        self.set_y(top + 8 + size / 2)

    def table_of(
        self, heads: Sequence[str], rows: Sequence[Sequence[str | int]], widths: tuple[float, ...], *,
        align: str | tuple[str, ...] = "LEFT", size: float = 8.5, line: float = 5, width: float | None = None,
    ) -> None:  # fmt: skip
        """Write a table, its head repeated on every page; `widths` are shares, `width` all of them in millimetres."""
        self.face(size)
        self.set_draw_color(*LINE)
        self.set_line_width(0.2)
        with self.table(
            col_widths=widths, text_align=align, headings_style=FontFace(emphasis="BOLD", color=INK, fill_color=HEAD),
            line_height=line, borders_layout="HORIZONTAL_LINES", width=width, align="LEFT",
        ) as table:  # fmt: skip
            for cells in [heads, *rows]:
                row = table.row()
                for value in cells:
                    row.cell(f"{value:,}" if isinstance(value, int) else value)
