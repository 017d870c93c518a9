"""Opening, changing, closing and reopening incidents, their log and their team."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from hotline.core.audit import AuditEntry
from hotline.core.errors import Conflict, Forbidden, InvalidInput, NotFound, Refused, SeveralFaults
from hotline.core.services import Services
from hotline.incidents import log, opening, reading, team
from hotline.incidents.fields import IncidentFields
from hotline.incidents.models import LogEntry
from tests.factories import NOW, make_officer
from tests.incidents.making import QUAKE, chief, make_incident


def test_an_incident_is_opened_with_its_log_and_a_trail(services: Services) -> None:
    with services.db.transaction() as session:
        officer, who = chief(session)
        made = make_incident(session, services, who)
        assert (made.state, made.version, made.countries, made.opened_by_id) == ("open", 1, ["JP"], officer.id)
        (line,) = log.lines(session, made.id)
        assert (line.entry.words, line.entry.by_id) == ("Incident opened", officer.id)
        assert session.scalars(select(AuditEntry.action)).all() == ["incident.opened"]


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({"name_ko": " "}, ["name_ko"]),
        ({"name_en": "x" * 121, "kind": "meteor", "severity": "Bad"}, ["name_en", "kind", "severity"]),
        ({"countries": ()}, ["countries"]),
        ({"countries": ("JP", "XX")}, ["countries"]),
        ({"countries": ("JP", "KR") * 16}, []),
        ({"lat": 37.0, "lon": None, "radius_km": None}, ["lon", "radius_km"]),
        ({"lat": 91.0, "radius_km": 0}, ["lat", "radius_km"]),
        ({"place": "a\nb", "summary": "x" * 4001}, ["summary"]),
        ({"place": "a\x00b"}, ["place"]),
        ({"began_at": NOW + timedelta(days=32)}, ["began_at"]),
        ({"began_at": datetime(2026, 11, 21, 3, 0)}, ["began_at"]),  # noqa: DTZ001  # the fault is what is tested
    ],
)
def test_every_fault_is_named_at_once(services: Services, given: dict[str, object], fields: list[str]) -> None:
    with services.db.transaction() as session:
        if not fields:
            assert make_incident(session, services, **given).countries == ["JP", "KR"]
            return
        with pytest.raises(SeveralFaults) as raised:
            make_incident(session, services, **given)
        assert [fault["field"] for fault in raised.value.faults] == fields


def test_a_source_has_one_open_incident(services: Services) -> None:
    with services.db.transaction() as session:
        _, who = chief(session)
        first = make_incident(session, services, who, source="alert:12")
        with pytest.raises(Refused) as raised:
            make_incident(session, services, who, source="alert:12")
        assert raised.value.code == "incident-open-already"
        opening.close(session, services.clock, who, first.id)
        second = make_incident(session, services, who, source="alert:12")
        with pytest.raises(Refused):
            opening.reopen(session, services.clock, who, first.id)
        found = opening.of_source(session, "alert:12")
        assert found is not None and found.id == second.id


def test_whether_it_is_a_drill_and_where_it_came_from_never_change(services: Services) -> None:
    with services.db.transaction() as session:
        _, who = chief(session)
        made = make_incident(session, services, who, drill=True, source="feed:3")
        given = replace(QUAKE, severity="Minor", drill=False, source="")
        done = opening.change(session, services.clock, who, made.id, 1, given)
        assert (done.severity, done.drill, done.source, done.version) == ("Minor", True, "feed:3", 2)
        with pytest.raises(Conflict):
            opening.change(session, services.clock, who, made.id, 1, given)
        assert opening.change(session, services.clock, who, made.id, 2, given).version == 2, "nothing changed"


def test_a_closed_incident_takes_nothing_but_reopening(services: Services) -> None:
    with services.db.transaction() as session:
        officer, who = chief(session)
        made = make_incident(session, services, who)
        opening.close(session, services.clock, who, made.id)
        for act in (
            lambda: opening.close(session, services.clock, who, made.id),
            lambda: opening.change(session, services.clock, who, made.id, 1, QUAKE),
            lambda: log.note(session, services.clock, who, made.id, "late"),
            lambda: team.add(session, services.clock, who, made.id, officer.id, "lead"),
        ):
            with pytest.raises(Refused):
                act()
        assert opening.reopen(session, services.clock, who, made.id).closed_at is None
        assert [each.entry.words for each in log.lines(session, made.id)][:2] == [
            "Incident reopened",
            "Incident closed",
        ]


def test_only_who_may_write_changes_anything(services: Services) -> None:
    with services.db.transaction() as session:
        made = make_incident(session, services)
        officer, reader = chief(session, "agent")
        for act in (
            lambda: make_incident(session, services, reader),
            lambda: opening.change(session, services.clock, reader, made.id, 1, QUAKE),
            lambda: opening.close(session, services.clock, reader, made.id),
            lambda: log.note(session, services.clock, reader, made.id, "x"),
            lambda: team.add(session, services.clock, reader, made.id, officer.id, "lead"),
            lambda: team.remove(session, services.clock, reader, made.id, 1),
        ):
            with pytest.raises(Forbidden):
                act()
        with pytest.raises(NotFound):
            opening.get(session, 999)


def test_a_line_is_corrected_once_and_never_changed(services: Services) -> None:
    with services.db.transaction() as session:
        _, who = chief(session)
        made, other = make_incident(session, services, who), make_incident(session, services, who)
        wrong = log.note(session, services.clock, who, made.id, "12 missing")
        right = log.note(session, services.clock, who, made.id, "21 missing", corrects_id=wrong.id)
        with pytest.raises(Refused):
            log.note(session, services.clock, who, made.id, "22 missing", corrects_id=wrong.id)
        with pytest.raises(NotFound):
            log.note(session, services.clock, who, other.id, "x", corrects_id=right.id)
        for bad in ("", " \n", "x" * 2001, "a\x00"):
            with pytest.raises(InvalidInput):
                log.note(session, services.clock, who, made.id, bad)
        shown = {each.entry.id: each.corrected for each in log.lines(session, made.id)}
        assert shown[wrong.id] and not shown[right.id]
        entry_id = wrong.id
    for change in ("UPDATE incident_log SET words = 'x' WHERE id = :id", "DELETE FROM incident_log WHERE id = :id"):
        with pytest.raises(DBAPIError, match="append-only"), services.db.transaction() as session:
            session.execute(text(change), {"id": entry_id})


def test_any_room_adds_facts_that_everybody_reads_in_their_language(services: Services) -> None:
    with services.db.transaction() as session:
        _, who = chief(session)
        made = make_incident(session, services, who)
        entry = log.write(session, services.clock, made.id, who, "%(count)s volunteers are ready", count=12)
        assert log.words_of(entry) == "12 volunteers are ready"
        with pytest.raises(ValueError, match="longer"):
            log.write(session, services.clock, made.id, who, "%(x)s", x="y" * 4001)
        first = log.lines(session, made.id, before=entry.id, most=1)
        assert [each.entry.words for each in first] == ["Incident opened"]
        assert session.scalars(select(LogEntry.kind).where(LogEntry.id == entry.id)).one() == "fact"


def test_a_note_with_a_percent_sign_is_shown_as_it_was_written(services: Services) -> None:
    with services.db.transaction() as session:
        _, who = chief(session)
        made = make_incident(session, services, who)
        assert (
            log.words_of(log.note(session, services.clock, who, made.id, "50 %(x)s % reached")) == "50 %(x)s % reached"
        )


def test_the_team_has_parts_that_end(services: Services) -> None:
    with services.db.transaction() as session:
        officer, who = chief(session)
        made = make_incident(session, services, who)
        press = team.add(session, services.clock, who, made.id, officer.id, "press")
        lead = team.add(session, services.clock, who, made.id, officer.id, "lead")
        assert team.add(session, services.clock, who, made.id, officer.id, "lead").id == lead.id, "twice is once"
        assert [member.part for member, _ in team.members(session, made.id)] == ["lead", "press"]
        with pytest.raises(InvalidInput):
            team.add(session, services.clock, who, made.id, officer.id, "cook")
        gone = make_officer(session, disabled_at=NOW)
        with pytest.raises(InvalidInput):
            team.add(session, services.clock, who, made.id, gone.id, "lead")
        team.remove(session, services.clock, who, made.id, press.id)
        team.remove(session, services.clock, who, made.id, press.id)
        assert [member.part for member, _ in team.members(session, made.id)] == ["lead"]
        with pytest.raises(NotFound):
            team.remove(session, services.clock, who, make_incident(session, services, who).id, lead.id)
        assert (officer.id, officer.display_name) in team.officers(session)


def test_lists_have_pages_and_states(services: Services) -> None:
    with services.db.transaction() as session:
        _, who = chief(session)
        ids = [make_incident(session, services, who, drill=number == 1).id for number in range(3)]
        opening.close(session, services.clock, who, ids[0])
        page = reading.listed(session, most=2)
        assert ([each.id for each in page.incidents], page.next_before) == ([ids[2], ids[1]], ids[1])
        assert [each.id for each in reading.listed(session, before=page.next_before).incidents] == [ids[0]]
        assert [each.id for each in reading.listed(session, state="closed").incidents] == [ids[0]]
        assert [each.id for each in reading.open_now(session, drill=True)] == [ids[1]]
        with pytest.raises(InvalidInput):
            reading.listed(session, state="lost")


def test_what_is_checked_has_no_default_that_hides_a_fault() -> None:
    with pytest.raises(TypeError):
        IncidentFields(name_ko="x")  # type: ignore[call-arg]
