"""Writing, revising, restoring and retiring templates: versions only grow, nobody overwrites a colleague, all is on record."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from alerts.models import Alert
from alerts.text_templates import reading, stages
from alerts.text_templates.models import TextTemplate, TextTemplateVersion
from alerts.text_templates.stages import Loaded, TemplateFields
from hotline.auth.officers import actor_of
from hotline.core.actor import Actor
from hotline.core.audit import AuditEntry, verify
from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from hotline.core.errors import Conflict, Forbidden, HotlineError, InvalidInput, NotFound, SeveralFaults
from tests.factories import make_alert, make_officer

KO = "[외교부] {place} {event} ({time}). 문의 {hotline}"
EN = "[MOFA Korea] {event}: {place}, {time}. Help: {hotline}"


def fields(**more: object) -> TemplateFields:
    given = {"name": "Flood", "category": "Met", "words": "flood, 홍수", "texts": {"alert": {"ko": KO, "en": EN}}}
    return TemplateFields.model_validate(given | more)


@pytest.fixture
def author(db: Database) -> Actor:
    with db.transaction() as session:
        return actor_of(make_officer(session, roles=("author",)), "console")


@pytest.fixture
def flood(db: Database, clock: FrozenClock, author: Actor) -> Loaded:
    with db.transaction() as session:
        return stages.create(session, clock, author, fields())


def test_revision_is_a_new_version_and_the_old_one_stays(
    db: Database, clock: FrozenClock, author: Actor, flood: Loaded
) -> None:
    texts = {"alert": {"ko": KO + "!", "en": EN, "ja": ""}}
    with db.transaction() as session:
        changed = stages.revise(session, clock, author, flood.template.id, 1, fields(texts=texts, note="louder"))
        assert (changed.version.number, changed.version.note) == (2, "louder")
        assert changed.version.bodies == {"alert": {"ko": KO + "!", "en": EN}}, "a blank text is none"
    with db.transaction() as session:
        versions = reading.history(session, flood.template.id)
        assert [version.bodies["alert"]["ko"] for version in versions] == [KO, KO + "!"]
        assert reading.behind(versions) == {("alert", "en")}
        assert reading.count_behind(session, [flood.template.id]) == {flood.template.id: 1}
        newest, oldest = reading.past(versions)
        assert newest.changes == [("alert", "ko", KO, KO + "!")]
        assert [change[:2] for change in oldest.changes] == [("alert", "ko"), ("alert", "en")]


def test_same_again_changes_nothing(db: Database, clock: FrozenClock, author: Actor, flood: Loaded) -> None:
    with db.transaction() as session:
        again = stages.revise(session, clock, author, flood.template.id, 1, fields())
        assert again.version.number == 1
        assert session.scalar(select(func.count()).select_from(AuditEntry)) == 1


def test_new_name_alone_makes_no_version(db: Database, clock: FrozenClock, author: Actor, flood: Loaded) -> None:
    with db.transaction() as session:
        renamed = stages.revise(session, clock, author, flood.template.id, 1, fields(name="High water"))
        assert (renamed.template.name, renamed.version.number) == ("High water", 1)


def test_change_made_on_an_older_version_is_refused_with_the_newer_number(
    db: Database, clock: FrozenClock, author: Actor, flood: Loaded
) -> None:
    with db.transaction() as session:
        stages.revise(session, clock, author, flood.template.id, 1, fields(texts={"alert": {"ko": KO}}))
    with db.transaction() as session, pytest.raises(Conflict) as refused:
        stages.revise(session, clock, author, flood.template.id, 1, fields(texts={"alert": {"en": EN}}))
    assert refused.value.params == {"current": 2}


def test_two_officers_at_once_make_one_version_and_one_conflict(
    db: Database, clock: FrozenClock, author: Actor, flood: Loaded
) -> None:
    def change(mark: str) -> str:
        try:
            with db.transaction() as session:
                stages.revise(session, clock, author, flood.template.id, 1, fields(texts={"alert": {"ko": KO + mark}}))
        except Conflict:
            return "conflict"
        return "written"

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(change, "abcd")) == ["conflict", "conflict", "conflict", "written"]
    with db.transaction() as session:
        assert len(reading.history(session, flood.template.id)) == 2


def test_one_name_is_given_once_also_at_the_same_moment(db: Database, clock: FrozenClock, author: Actor) -> None:
    def write(name: str) -> str:
        try:
            with db.transaction() as session:
                stages.create(session, clock, author, fields(name=name))
        except InvalidInput as refused:
            return refused.code
        return "written"

    with ThreadPoolExecutor(4) as pool:
        found = sorted(pool.map(write, ["Quake", "quake", "QUAKE", "Quake"]))
    assert found == ["template-name-taken"] * 3 + ["written"]


def test_name_in_letters_that_the_database_keeps_is_taken_like_any_other(
    db: Database, clock: FrozenClock, author: Actor
) -> None:
    with db.transaction() as session:
        stages.create(session, clock, author, fields(name="Île de TEMPÊTE"))
    with pytest.raises(InvalidInput, match="no other template"), db.transaction() as session:
        stages.create(session, clock, author, fields(name="Île de tempÊte"))


def test_older_version_comes_back_as_the_newest(db: Database, clock: FrozenClock, author: Actor, flood: Loaded) -> None:
    with db.transaction() as session:
        stages.revise(session, clock, author, flood.template.id, 1, fields(texts={"alert": {"ko": KO}}))
    with db.transaction() as session:
        back = stages.restore(session, clock, author, flood.template.id, 1)
        assert (back.version.number, back.version.bodies) == (3, {"alert": {"ko": KO, "en": EN}})
        assert stages.restore(session, clock, author, flood.template.id, 1).version.number == 3, "nothing to restore"
        with pytest.raises(NotFound):
            stages.restore(session, clock, author, flood.template.id, 9)


def test_retired_template_is_offered_to_nobody_and_its_name_is_free(
    db: Database, clock: FrozenClock, author: Actor, flood: Loaded
) -> None:
    with db.transaction() as session:
        stages.retire(session, clock, author, flood.template.id)
        stages.retire(session, clock, author, flood.template.id)
        assert reading.list_templates(session) == []
        assert [each.template.name for each in reading.list_templates(session, retired=True)] == ["Flood"]
        stages.create(session, clock, author, fields())
        with pytest.raises(InvalidInput, match="no other template"):
            stages.bring_back(session, clock, author, flood.template.id)
    with db.transaction() as session:
        actions = session.scalars(select(AuditEntry.action).where(AuditEntry.subject_kind == "template")).all()
        assert sorted(actions) == ["template.retired", "template.written", "template.written"]
        assert verify(session).broken_at_seq is None


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"texts": {}}, "texts"),
        ({"texts": {"alert": {"ko": "  "}}}, "texts"),
        ({"texts": {"shout": {"ko": KO}}}, "texts"),
        ({"texts": {"alert": {"a language": EN}}}, "texts"),
        ({"texts": {"update": {"en": EN + "x" * 1600}}}, "texts.update:en"),
        ({"category": "Weather"}, "category"),
    ],
)
def test_nonsense_is_refused_by_its_field(
    db: Database, clock: FrozenClock, author: Actor, given: dict[str, object], field: str
) -> None:
    with db.transaction() as session, pytest.raises(InvalidInput) as refused:
        stages.create(session, clock, author, fields(**given))
    assert refused.value.field == field


def test_every_text_that_cannot_be_used_is_named(db: Database, clock: FrozenClock, author: Actor) -> None:
    texts = {"alert": {"ko": "대피하세요 {hotline}", "en": EN}, "left": {"en": "{place} {when} {time}"}}
    with db.transaction() as session, pytest.raises(SeveralFaults) as refused:
        stages.create(session, clock, author, fields(texts=texts))
    found = {(fault["field"], fault["problem"]) for fault in refused.value.faults}
    assert found == {("texts.ko", "no_place"), ("texts.ko", "no_time"), ("texts.left:en", "unknown_placeholder")}


@pytest.mark.parametrize("role", ["approver", "agent", "auditor", "administrator"])
def test_only_authors_write(db: Database, clock: FrozenClock, role: str, flood: Loaded) -> None:
    with db.transaction() as session:
        reader = actor_of(make_officer(session, roles=(role,)), "console")
        acts: list[Callable[[], object]] = [
            lambda: stages.create(session, clock, reader, fields(name="Another")),
            lambda: stages.revise(session, clock, reader, flood.template.id, 1, fields()),
            lambda: stages.restore(session, clock, reader, flood.template.id, 1),
            lambda: stages.retire(session, clock, reader, flood.template.id),
            lambda: stages.bring_back(session, clock, reader, flood.template.id),
        ]
        for act in acts:
            with pytest.raises(Forbidden):
                act()


def test_number_of_templates_and_versions_is_bounded(
    db: Database, clock: FrozenClock, author: Actor, flood: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stages, "MAX_TEMPLATES", 1)
    monkeypatch.setattr(stages, "MAX_VERSIONS", 1)
    with db.transaction() as session:
        with pytest.raises(HotlineError, match="already"):
            stages.create(session, clock, author, fields(name="Another"))
        with pytest.raises(HotlineError, match="too many"):
            stages.revise(session, clock, author, flood.template.id, 1, fields(texts={"alert": {"ko": KO}}))
    with db.transaction() as session:
        assert session.scalar(select(func.count()).select_from(TextTemplate)) == 1
        assert session.scalar(select(func.count()).select_from(TextTemplateVersion)) == 1


def test_templates_that_fit_the_alert_come_first(
    db: Database, clock: FrozenClock, author: Actor, flood: Loaded
) -> None:
    with db.transaction() as session:
        stages.create(session, clock, author, fields(name="Any weather", words=""))
        stages.create(session, clock, author, fields(name="Attack", words="attack", category="Met"))
        alert = make_alert(session, author=session.get_one(type(make_officer(session)), author.id), category="Met")
        offered = [(template.name, fits) for template, fits in reading.offered_for(session, alert)]
        assert offered == [("Any weather", True), ("Flood", True), ("Attack", False)]


def taken(alert: Alert, loaded: Loaded) -> dict[str, str]:
    return reading.texts_for(alert, loaded)


def test_drill_takes_a_template_marked_as_a_drill(db: Database, author: Actor, flood: Loaded) -> None:
    with db.transaction() as session:
        officer = make_officer(session)
        real = make_alert(session, author=officer)
        drill = make_alert(session, author=officer, status="Exercise")
        assert taken(real, flood) == {"ko": KO, "en": EN}
        assert taken(drill, flood) == {"ko": "[훈련] " + KO, "en": "[DRILL] " + EN}


def test_cancel_takes_the_all_clear_alone(db: Database, clock: FrozenClock, author: Actor) -> None:
    over = "Over: {event}, {place}, {time}. {hotline}"
    with db.transaction() as session:
        texts = {"alert": {"en": EN}, "all_clear": {"en": over}, "correction": {"en": EN}}
        loaded = stages.create(session, clock, author, fields(texts=texts))
        officer = make_officer(session)
        assert taken(make_alert(session, author=officer, msg_type="Cancel"), loaded) == {"en": over}
        assert taken(make_alert(session, author=officer), loaded) == {"en": EN, "correction:en": EN}


def test_search_finds_every_word_in_name_words_or_texts(db: Database, flood: Loaded) -> None:
    with db.transaction() as session:
        for search, found in (("홍수", 1), ("FLOOD mofa", 1), ("flood volcano", 0), ("", 1)):
            assert len(reading.list_templates(session, search=search)) == found, search
