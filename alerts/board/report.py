"""The board as a report: a table for spreadsheets, and a page to print or to send on. No name and no number is in either."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import FontFace
from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts.board.cells import plain_cell
from alerts.board.figures import Board, Split, Standings
from alerts.board.models import BoardSplit
from alerts.console import labels
from hotline.console.assets import STATIC
from hotline.core.i18n import gettext

FONTS = STATIC / "vendor" / "pretendard"
MAX_COUNTRIES = 250
MAX_MINUTE_ROWS = 50_000
INK, QUIET, LINE = (23, 33, 44), (75, 89, 103), (211, 218, 226)
COLOURS = {"delivered": (21, 84, 156), "safe": (27, 106, 60), "help": (179, 22, 27), "silent": (124, 74, 0)}
"""The colours of the page by day."""


@dataclass(frozen=True)
class Head:
    """What stands above the figures: whose alert, and when they were read (already in the reader's zone and language)."""

    reference: str
    headline: str
    facts: Sequence[tuple[str, str]]
    read_at: str
    drill: bool


def columns(first: str) -> list[str]:
    """Return the heads of the columns."""
    return [
        first, gettext("People"), gettext("Waiting"), gettext("Reached"), gettext("Safe"),
        gettext("Need help"), gettext("Silent"), gettext("Not reached"),
    ]  # fmt: skip


def row_of(name: str, each: Standings) -> list[str | int]:
    """Return one line of the table."""
    return [name, each.people, each.waiting, each.delivered, each.safe, each.help, each.silent, each.not_reached]


def rows_of(found: Board) -> list[list[str | int]]:
    """Return the table: a line for each country, then all of them together."""
    lines = [row_of(labels.country_name(code), each) for code, each in list(found.by_country.items())[:MAX_COUNTRIES]]
    return [*lines, row_of(gettext("All together"), found.total)]


def rows_by_provider(found: Board) -> list[list[str | int]]:
    """Return the table: a line for each provider."""
    return [row_of(name or gettext("Not handed over"), each) for name, each in found.by_provider.items()]


def minutes(session: Session, alert_id: int, split: Split) -> list[list[Any]]:
    """Return what moved by minute (UTC), country and provider: the minute, both, and the five figures then."""
    rows = select(BoardSplit).where(BoardSplit.alert_id == alert_id)
    if split.country is not None:
        rows = rows.where(BoardSplit.country == split.country)
    if split.provider is not None:
        rows = rows.where(BoardSplit.provider == split.provider)
    ordered = rows.order_by(BoardSplit.minute, BoardSplit.country, BoardSplit.provider).limit(MAX_MINUTE_ROWS)
    return [
        [row.minute.astimezone(UTC).strftime("%Y-%m-%d %H:%M"), row.country, row.provider or gettext("Not handed over"),
         row.delivered, row.safe, row.help, max(0, row.accepted - row.safe - row.help), row.failed]
        for row in session.scalars(ordered)
    ]  # fmt: skip


def as_csv(found: Board, lines_by_minute: list[list[Any]], read_at: datetime) -> str:
    """Return the board for spreadsheets (UTF-8 with a mark, so that they read Korean); `read_at` stands last, in UTC.

    Three tables with an empty line between them: by country, by provider, and minute by minute by both.
    """
    text = io.StringIO()
    text.write("\ufeff")
    lines: list[list[Any]] = [
        columns(gettext("Country")),
        *rows_of(found),
        [],
        columns(gettext("Provider")),
        *rows_by_provider(found),
        [],
        [gettext("Minute (UTC)"), gettext("Country code"), gettext("Provider"), gettext("Reached"), gettext("Safe"),
         gettext("Need help"), gettext("Silent"), gettext("Not reached")],
        *lines_by_minute,
        [],
        [gettext("Read at (UTC)"), read_at.isoformat(timespec="seconds")],
    ]  # fmt: skip
    csv.writer(text).writerows([[plain_cell(value) for value in line] for line in lines])
    return text.getvalue()


def as_pdf(found: Board, head: Head, curve: dict[str, list[Any]]) -> bytes:
    """Return the board as a PDF of one or a few A4 pages; only the letters that are used are embedded."""
    page = _Page(head)
    page.add_page()
    page.heading()
    page.tiles(found.total)
    page.curve(curve)
    page.table_of(columns(gettext("Country")), rows_of(found))
    page.ln(5)
    page.table_of(columns(gettext("Provider")), rows_by_provider(found))
    return bytes(page.output())


class _Page(FPDF):
    """A4 upright, in the face of the console."""

    def __init__(self, head: Head) -> None:
        super().__init__(format="A4")
        self.head = head
        self.add_font("P", "", FONTS / "Pretendard-Regular.ttf")
        self.add_font("P", "B", FONTS / "Pretendard-SemiBold.ttf")
        self.set_margins(16, 16)
        self.set_auto_page_break(auto=True, margin=18)
        self.set_title(f"{head.reference} {head.headline}")
        self.set_creator(gettext("Consular crisis hotline"))

    def footer(self) -> None:
        """Write reference, time and page number below every page."""
        self.set_y(-12)
        self._face(8, QUIET)
        self.cell(0, 5, f"{self.head.reference} · {self.head.read_at} · {self.page_no()}/{{nb}}", align="C")

    def heading(self) -> None:
        """Write the head of the report."""
        if self.head.drill:
            self.set_fill_color(91, 45, 145)
            self._face(11, (255, 255, 255), bold=True)
            self._line(8, gettext("DRILL"), fill=True)
            self.ln(2)
        self._face(10, QUIET)
        self._line(5, f"{self.head.reference} · {self.head.read_at}")
        self._face(17, INK, bold=True)
        self.multi_cell(0, 8, self.head.headline, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self._face(10, INK)
        for name, value in self.head.facts:
            self.multi_cell(0, 5, f"{name}: {value}", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(4)

    def tiles(self, total: Standings) -> None:
        """Write the five figures that everybody asks for."""
        shown = [
            ("delivered", gettext("Reached"), total.delivered), ("safe", gettext("Safe"), total.safe),
            ("help", gettext("Need help"), total.help), ("silent", gettext("Silent"), total.silent),
            ("", gettext("Not reached"), total.not_reached),
        ]  # fmt: skip
        width, top = self.epw / len(shown), self.get_y()
        for nth, (key, name, count) in enumerate(shown):
            self.set_xy(self.l_margin + nth * width, top)
            self._face(9, QUIET)
            self.cell(width, 5, name)
            self.set_xy(self.l_margin + nth * width, top + 5)
            self._face(18, COLOURS.get(key, INK), bold=True)
            self.cell(width, 9, f"{count:,}")
        self.set_y(top + 17)

    def curve(self, lines: dict[str, list[Any]]) -> None:
        """Draw the curves minute by minute; nothing where there are not two points."""
        times = lines["t"]
        if len(times) < 2:
            return
        left, top, width, height = self.l_margin, self.get_y(), self.epw, 42.0
        most = max(1, *(max(lines[name]) for name in COLOURS))
        span = max(1, times[-1] - times[0])
        self.set_draw_color(*LINE)
        self.set_line_width(0.2)
        self.rect(left, top, width, height)
        self.set_line_width(0.6)
        for name, colour in COLOURS.items():
            self.set_draw_color(*colour)
            points = [
                (left + width * (at - times[0]) / span, top + height - height * count / most)
                for at, count in zip(times, lines[name], strict=True)
            ]
            self.polyline(points)
        self._face(8, QUIET)
        self.set_xy(left + 1, top + 1)
        self.cell(40, 4, f"{most:,}")
        first, last = (datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC") for at in (times[0], times[-1]))
        self.set_xy(left, top + height + 0.5)
        self.cell(width / 2, 4, first)
        self.cell(width / 2, 4, last, align="R")
        self.set_y(top + height + 8)

    def table_of(self, heads_of_columns: Sequence[str], rows: Sequence[Sequence[str | int]]) -> None:
        """Write a table of figures, its head repeated on every page."""
        self._face(9, INK)
        self.set_draw_color(*LINE)
        self.set_line_width(0.2)
        heads = FontFace(emphasis="BOLD", color=INK, fill_color=(233, 237, 242))
        widths = (3.2, 1.2, 1.2, 1.2, 1.2, 1.2, 1.2, 1.3)
        with self.table(
            col_widths=widths, text_align=("LEFT", *["RIGHT"] * 7), headings_style=heads, line_height=5.5,
            borders_layout="HORIZONTAL_LINES",
        ) as table:  # fmt: skip
            lines: list[Sequence[str | int]] = [heads_of_columns, *rows]
            for line in lines:
                row = table.row()
                for value in line:
                    row.cell(f"{value:,}" if isinstance(value, int) else str(value))

    def _face(self, size: float, colour: tuple[int, int, int], *, bold: bool = False) -> None:
        self.set_font("P", "B" if bold else "", size)
        self.set_text_color(*colour)

    def _line(self, height: float, words: str, *, fill: bool = False) -> None:
        self.cell(0, height, words, fill=fill, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
