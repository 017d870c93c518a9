"""A round as a table for spreadsheets and as a page to print; in the reader's language; no person's number is in either."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from flask_babel import get_locale

from hotline.core import tables
from hotline.core.i18n import gettext
from hotline.core.sheet import GRAVE, INK, QUIET, Sheet
from overflow.drills import words
from overflow.drills.reporting import Outcome, Scored, Totals
from overflow.drills.states import AREAS


@dataclass(frozen=True)
class Report:
    """All that a round's report says; `read_at` is aware UTC."""

    week: date
    finished: bool
    lines: Sequence[Outcome]
    totals: Totals
    trend: Sequence[tuple[date, Totals]]
    scores: Sequence[Scored]
    read_at: datetime


def name_of(names: dict[str, str]) -> str:
    """Return a mission's name in the reader's language."""
    return names["ko"] if str(get_locale()) == "ko" else names["en"]


def at(when: datetime | None) -> str:
    """Return a moment in UTC to the second."""
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S") if when is not None else ""


def line_rows(lines: Sequence[Outcome]) -> list[list[str]]:
    """Return a row for each line: mission, number, result, reason, when placed and how many seconds until it arrived."""
    return [
        [name_of(each.names), each.number, gettext(words.STATES[each.state]),
         gettext(words.REASONS[each.reason]) if each.reason else "", at(each.placed_at),
         f"{each.seconds:.0f}" if each.seconds is not None else ""]
        for each in lines
    ]  # fmt: skip


def line_heads() -> list[str]:
    """Return the heads of `line_rows`."""
    return [
        gettext("Mission"), gettext("Number"), gettext("Result"), gettext("Why"), gettext("Placed at (UTC)"),
        gettext("Seconds until it arrived"),
    ]  # fmt: skip


def trend_rows(trend: Sequence[tuple[date, Totals]]) -> list[list[str]]:
    """Return a row for each round."""
    return [
        [week.isoformat(), str(each.lines), str(each.passed), str(each.failed), str(each.repeated),
         f"{each.seconds:.0f}" if each.seconds is not None else ""]
        for week, each in trend
    ]  # fmt: skip


def trend_heads() -> list[str]:
    """Return the heads of `trend_rows`."""
    return [
        gettext("Week from"), gettext("Lines"), gettext("Passed"), gettext("Failed"), gettext("At the second try"),
        gettext("Median seconds"),
    ]  # fmt: skip


def score_rows(scores: Sequence[Scored]) -> list[list[str]]:
    """Return a row for each mission: how many calls, the mean total, the mean of each area."""
    return [
        [
            name_of(each.names),
            str(each.calls),
            f"{each.total:.1f}",
            *(f"{each.areas.get(area, 0):.1f}" for area in AREAS),
        ]
        for each in scores
    ]


def score_heads() -> list[str]:
    """Return the heads of `score_rows`."""
    return [
        gettext("Mission"),
        gettext("Calls"),
        gettext("Total of 25"),
        *(gettext(words.AREAS[area]) for area in AREAS),
    ]


def as_csv(report: Report) -> str:
    """Return the report for spreadsheets (UTF-8 with a mark): lines, trend, training calls, when it was read."""
    rows: list[list[str]] = [
        line_heads(), *line_rows(report.lines), [], trend_heads(), *trend_rows(report.trend), [], score_heads(),
        *score_rows(report.scores), [], [gettext("Read at (UTC)"), report.read_at.isoformat(timespec="seconds")],
    ]  # fmt: skip
    return tables.as_csv(rows)


def as_pdf(report: Report) -> bytes:
    """Return the report as a PDF of A4 pages; only the letters that are used are embedded."""
    page = _Page(report)
    page.add_page()
    page.heading()
    page.table_of(line_heads(), line_rows(report.lines), (2.6, 1.7, 1.0, 3.2, 1.7, 1.1))
    page.section(gettext("Against earlier rounds"))
    page.table_of(trend_heads(), trend_rows(report.trend), (1.6, 1, 1, 1, 1, 1))
    if report.scores:
        page.section(gettext("Training calls in this week"))
        page.table_of(score_heads(), score_rows(report.scores), (2.4, 0.8, 1.1, 1.2, 1.2, 1.2, 1.3, 1.2))
    return bytes(page.output())


class _Page(Sheet):
    """The round's pages, with the figures that everybody asks for at the head."""

    def __init__(self, report: Report) -> None:
        title = gettext("Test calls, week from %(day)s", day=report.week.isoformat())
        super().__init__(title, f"{title} · {at(report.read_at)} UTC")
        self.report = report

    def heading(self) -> None:
        """Write the head and the figures that everybody asks for."""
        total = self.report.totals
        self.face(17, bold=True)
        self.words(9, self.title_text)
        self.face(10, QUIET)
        self.words(6, gettext("The round is finished.") if self.report.finished else gettext("The round is still on."))
        self.ln(2)
        self.tiles(
            [
                (gettext("Lines"), total.lines, INK), (gettext("Passed"), total.passed, INK),
                (gettext("Failed"), total.failed, GRAVE if total.failed else INK), (gettext("Open"), total.open, INK),
            ]
        )  # fmt: skip
