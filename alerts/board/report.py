"""The board as a report: a table for spreadsheets, and a page to print or to send on. No name and no number is in either."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts.board.figures import Board, Split, Standings
from alerts.board.models import BoardSplit
from alerts.console import labels
from hotline.core import tables
from hotline.core.i18n import gettext
from hotline.core.sheet import INK, LINE, QUIET, Sheet

MAX_COUNTRIES = 250
MAX_MINUTE_ROWS = 50_000
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
    return tables.as_csv(lines)


def as_pdf(found: Board, head: Head, curve: dict[str, list[Any]]) -> bytes:
    """Return the board as a PDF of one or a few A4 pages; only the letters that are used are embedded."""
    page = _Page(head)
    page.add_page()
    page.heading()
    page.standings(found.total)
    page.curve(curve)
    page.splits(columns(gettext("Country")), rows_of(found))
    page.ln(5)
    page.splits(columns(gettext("Provider")), rows_by_provider(found))
    return bytes(page.output())


class _Page(Sheet):
    """The board's pages."""

    def __init__(self, head: Head) -> None:
        super().__init__(f"{head.reference} {head.headline}", f"{head.reference} · {head.read_at}", margins=(16, 16))
        self.head = head

    def heading(self) -> None:
        """Write the head of the report."""
        if self.head.drill:
            self.set_fill_color(91, 45, 145)
            self.face(11, (255, 255, 255), bold=True)
            self.words(8, gettext("DRILL"), fill=True)
            self.ln(2)
        self.face(10, QUIET)
        self.words(5, f"{self.head.reference} · {self.head.read_at}")
        self.face(17, INK, bold=True)
        self.paragraph(8, self.head.headline)
        self.face(10, INK)
        for name, value in self.head.facts:
            self.paragraph(5, f"{name}: {value}")
        self.ln(4)

    def standings(self, total: Standings) -> None:
        """Write the five figures that everybody asks for."""
        self.tiles(
            [
                (gettext("Reached"), total.delivered, COLOURS["delivered"]), (gettext("Safe"), total.safe, COLOURS["safe"]),
                (gettext("Need help"), total.help, COLOURS["help"]), (gettext("Silent"), total.silent, COLOURS["silent"]),
                (gettext("Not reached"), total.not_reached, INK),
            ]
        )  # fmt: skip

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
        self.face(8, QUIET)
        self.set_xy(left + 1, top + 1)
        self.cell(40, 4, f"{most:,}")
        first, last = (datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC") for at in (times[0], times[-1]))
        self.set_xy(left, top + height + 0.5)
        self.cell(width / 2, 4, first)
        self.cell(width / 2, 4, last, align="R")
        self.set_y(top + height + 8)

    def splits(self, heads: Sequence[str], rows: Sequence[Sequence[str | int]]) -> None:
        """Write a table of figures."""
        widths = (3.2, 1.2, 1.2, 1.2, 1.2, 1.2, 1.2, 1.3)
        self.table_of(heads, rows, widths, align=("LEFT", *["RIGHT"] * 7), size=9, line=5.5)
