"""An incident's report as a table for spreadsheets and as pages to print, in the reader's language; Korean letters come along."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flask_babel import get_locale

from hotline.core import tables
from hotline.core.i18n import gettext
from hotline.core.sheet import GRAVE, INK, LINE, QUIET, Sheet
from hotline.incidents import words
from hotline.incidents.models import Incident
from hotline.incidents.reporting import Figures, Plot, Report, RunShown

BAR = (30, 90, 150)
PLOT_MM = 34


def name_of(incident: Incident) -> str:
    """Return an incident's name in the reader's language."""
    return incident.name_ko if str(get_locale()) == "ko" else incident.name_en


def at(when: datetime | None) -> str:
    """Return a moment in UTC to the minute; empty for none."""
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M") if when is not None else ""


def line_rows(report: Report) -> list[list[str]]:
    """Return a row for each line of the log: number, time, who, words, and which line it corrects."""
    return [
        [str(each.entry.id), at(each.entry.at), each.entry.by if each.entry.by_id else gettext("the service"), each.words,
         str(each.entry.corrects_id or "")]
        for each in report.lines
    ]  # fmt: skip


def line_heads() -> list[str]:
    """Return the heads of `line_rows`."""
    return [gettext("Line"), gettext("When (UTC)"), gettext("Who"), gettext("What"), gettext("Corrects line")]


def step_rows(shown: RunShown) -> list[list[str]]:
    """Return a row for each step: label, state, when it was done and taken back."""
    return [
        [label, gettext(words.STEP_STATES[step.state][0]), at(step.done_at), at(step.reverted_at)]
        for step, label in shown.steps
    ]


def step_heads() -> list[str]:
    """Return the heads of `step_rows`."""
    return [gettext("Step"), gettext("State"), gettext("Done at (UTC)"), gettext("Taken back at (UTC)")]


def team_rows(report: Report) -> list[list[str]]:
    """Return a row for each part that somebody had."""
    return [
        [name, gettext(words.PARTS[member.part]), at(member.since), at(member.until)] for member, name in report.team
    ]


def team_heads() -> list[str]:
    """Return the heads of `team_rows`."""
    return [gettext("Officer"), gettext("Part"), gettext("Since (UTC)"), gettext("Until (UTC)")]


def as_csv(report: Report) -> str:
    """Return the report for spreadsheets (UTF-8 with a mark)."""
    rows: list[list[str]] = [
        [title_of(report)],
        [gettext("Opened at"), at(report.incident.opened_at), gettext("Closed at"), at(report.incident.closed_at)],
        [],
    ]
    for figures in report.figures:
        rows += [[figures.title], *([label, str(count)] for label, count in figures.rows), []]
    for plot in report.plots:
        rows += [[plot.title], *([at(when), str(count)] for when, count in bars_of(plot)), []]
    for run in report.runs:
        rows += [[gettext("Disaster mode")], step_heads(), *step_rows(run), []]
    rows += [team_heads(), *team_rows(report), [], line_heads(), *line_rows(report), []]
    rows.append([gettext("Read at (UTC)"), report.read_at.isoformat(timespec="seconds")])
    return tables.as_csv(rows)


def bars_of(plot: Plot) -> list[tuple[datetime, int]]:
    """Return when each bar begins, and its count."""
    return [(plot.start + nth * timedelta(hours=plot.hours), count) for nth, count in enumerate(plot.bars)]


def title_of(report: Report) -> str:
    """Return the title; a drill's says that it is one."""
    mark = f"[{gettext('DRILL')}] " if report.incident.drill else ""
    return mark + gettext("Report: %(name)s", name=name_of(report.incident))


def as_pdf(report: Report) -> bytes:
    """Return the report as a PDF of A4 pages; only the letters that are used are embedded."""
    page = _Page(report)
    page.add_page()
    page.heading()
    for figures in report.figures:
        page.counts(figures)
    for plot in report.plots:
        page.plot(plot)
    for run in report.runs:
        page.section(gettext("Disaster mode"))
        page.who(run)
        page.table_of(step_heads(), step_rows(run), (3, 1.4, 1.6, 1.6))
    if report.team:
        page.section(gettext("Team"))
        page.table_of(team_heads(), team_rows(report), (2, 1.4, 1.6, 1.6))
    page.section(gettext("Log"))
    page.table_of(line_heads(), line_rows(report), (0.6, 1.5, 1.3, 4.4, 0.9))
    return bytes(page.output())


class _Page(Sheet):
    """The incident's pages; every page of a drill says so."""

    def __init__(self, report: Report) -> None:
        super().__init__(title_of(report), f"{title_of(report)} · {at(report.read_at)} UTC")
        self.report = report
        if report.incident.drill:
            self.foot_colour = GRAVE

    def heading(self) -> None:
        """Write what happened, where and when."""
        incident = self.report.incident
        self.face(17, GRAVE if incident.drill else INK, bold=True)
        self.paragraph(9, self.title_text)
        self.face(10, QUIET)
        kind, severity = gettext(words.KINDS[incident.kind]), gettext(words.SEVERITIES[incident.severity])
        self.words(
            6,
            " · ".join([kind, severity, ", ".join(incident.countries), *([incident.place] if incident.place else [])]),
        )
        closed = at(incident.closed_at) or gettext("still open")
        self.words(6, gettext("Opened %(start)s UTC, closed %(end)s", start=at(incident.opened_at), end=closed))
        if incident.summary:
            self.face(10, INK)
            self.paragraph(5.5, incident.summary)

    def counts(self, figures: Figures) -> None:
        """Write one room's figures side by side."""
        self.section(figures.title)
        self.tiles([(label, count, INK) for label, count in figures.rows], size=15)

    def plot(self, plot: Plot) -> None:
        """Draw bars over time, with the largest count and both ends named."""
        if self.will_page_break(PLOT_MM + 22):
            self.add_page()
        self.section(plot.title)
        top, largest = self.get_y(), max(plot.bars)
        width = self.epw / len(plot.bars)
        self.set_fill_color(*BAR)
        for nth, count in enumerate(plot.bars):
            height = PLOT_MM * count / largest
            if count:
                self.rect(self.l_margin + nth * width, top + PLOT_MM - height, max(width * 0.8, 0.3), height, style="F")
        self.set_draw_color(*LINE)
        self.line(self.l_margin, top + PLOT_MM, self.l_margin + self.epw, top + PLOT_MM)
        self.set_xy(self.l_margin, top + PLOT_MM + 1)
        self.face(8, QUIET)
        last = plot.start + timedelta(hours=plot.hours * len(plot.bars))
        self.words(
            5, gettext("%(start)s to %(end)s UTC, %(hours)s h to a bar, at most %(most)s", start=at(plot.start), end=at(last),
                       hours=plot.hours, most=f"{largest:,}"),
        )  # fmt: skip

    def who(self, shown: RunShown) -> None:
        """Write which plan it was, and who switched it on and off."""
        run, names = shown.run, shown.names
        ko = str(get_locale()) == "ko"
        self.face(9, QUIET)
        plan = shown.plan.name_ko if ko else shown.plan.name_en
        parts = [f"{plan} {run.plan_version}", gettext("asked for by %(name)s", name=names.get(run.asked_by_id, "–"))]
        if run.agreed_by_id is not None:
            parts.append(gettext("agreed by %(name)s", name=names.get(run.agreed_by_id, "–")) + f" {at(run.agreed_at)}")
        if run.off_agreed_by_id is not None:
            name = names.get(run.off_agreed_by_id, "–")
            parts.append(gettext("end agreed by %(name)s", name=name) + f" {at(run.off_agreed_at)}")
        self.paragraph(5, " · ".join(parts))
