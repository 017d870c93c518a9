"""Persons, contacts, escalations and protection; the cases there are get their persons."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0015"
branch_labels = None
depends_on = None

NAME_GRAMS = r"""
CREATE FUNCTION name_grams(name text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1000
AS $$
    -- Groups of three letters of each word, with two blanks before and one behind, as pg_trgm makes them; but in every
    -- script. Hangul comes apart into its letters, so that 민서 and 민수 are alike; accents fall off. pg_trgm itself sees
    -- only ASCII in a database with the locale C, which the embedded one has.
    SELECT coalesce(array_agg(DISTINCT substr(padded, start, 3)), '{}')
      FROM regexp_split_to_table(
               regexp_replace(lower(normalize(left(name, 160), NFKD) COLLATE "pg_c_utf8"), '[\u0300-\u036f]', '', 'g'),
               '[][\s,.()''·-]+') AS word,
           LATERAL (SELECT '  ' || word || ' ' AS padded) AS p,
           generate_series(1, length(word) + 1) AS start
     WHERE word <> ''
$$;
CREATE FUNCTION grams_alike(a text[], b text[]) RETURNS real LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    -- What two names have in common of all they have together, 0 to 1.
    SELECT CASE WHEN cardinality(a) + cardinality(b) = 0 THEN 0
                ELSE (s.same / (cardinality(a) + cardinality(b) - s.same)::real)::real END
      FROM (SELECT count(*) AS same FROM unnest(a) AS x(gram) WHERE gram = ANY(b)) AS s
$$;
"""
FOLLOW_TRAVELLERS = """
CREATE FUNCTION persons_follow_travellers() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE own bigint;
BEGIN
    -- Lists change travellers by the thousand in SQL, so what follows from it is kept there too.
    UPDATE persons SET name = NEW.name, language = NEW.language, updated_at = NEW.updated_at
     WHERE traveller_id = NEW.id RETURNING id INTO own;
    IF own IS NOT NULL AND NEW.phone <> OLD.phone THEN
        DELETE FROM person_phones WHERE person_id = own AND phone = OLD.phone;
        INSERT INTO person_phones (person_id, phone, added_at) SELECT own, NEW.phone, NEW.updated_at WHERE NEW.phone <> ''
            ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER travellers_persons AFTER UPDATE ON travellers FOR EACH ROW
    WHEN ((OLD.name, OLD.phone, OLD.language) IS DISTINCT FROM (NEW.name, NEW.phone, NEW.language))
    EXECUTE FUNCTION persons_follow_travellers();
"""
PEOPLE_OF_CASES = """
INSERT INTO persons (traveller_id, name, language, erased_at, created_at, updated_at)
SELECT t.id, t.name, t.language, t.erased_at, c.opened_at, c.opened_at
  FROM (SELECT traveller_id, min(opened_at) AS opened_at FROM cases GROUP BY traveller_id) AS c
  JOIN travellers t ON t.id = c.traveller_id ORDER BY t.id
"""
THEIR_PHONES = """
INSERT INTO person_phones (person_id, phone, added_at)
SELECT p.id, t.phone, p.created_at FROM persons p JOIN travellers t ON t.id = p.traveller_id WHERE t.phone <> ''
"""
THEIR_CASES = "UPDATE cases SET person_id = p.id FROM persons p WHERE p.traveller_id = cases.traveller_id"
_TABLES = (
    "screened_calls", "number_flags", "abuse_incidents", "escalation_steps", "escalations", "escalation_rules",
    "attachments", "case_people",
)  # fmt: skip


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=False), primary_key=True)


def _to(name: str, table: str, *, nullable: bool = False, **more: object) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), sa.ForeignKey(f"{table}.id"), nullable=nullable, **more)  # type: ignore[arg-type]  # passed on


def _at(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _text(name: str, length: int | None = None, *, default: str | None = "") -> sa.Column[str]:
    kind = sa.String(length) if length else sa.Text()
    return sa.Column(name, kind, nullable=False, server_default=default)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.text("false"))


def _risks() -> sa.Column[list[str]]:
    return sa.Column("risks", postgresql.ARRAY(sa.Text()), nullable=False, server_default=sa.text("'{}'"))


def upgrade() -> None:
    """Add the tables, give every case its person, and call the history's entries what they are."""
    op.execute(NAME_GRAMS)
    _persons()
    op.execute(PEOPLE_OF_CASES)
    op.execute(THEIR_PHONES)
    op.execute(FOLLOW_TRAVELLERS)
    _cases()
    _contacts()
    _entries("case_contacts", "case_entries")
    op.add_column("case_entries", _to("contact_id", "contacts", nullable=True))
    _around_cases()
    _escalations()
    _protection()


def _persons() -> None:
    op.create_table(
        "persons",
        _id(),
        _to("traveller_id", "travellers", nullable=True),
        _to("merged_into_id", "persons", nullable=True),
        _text("name", 160),
        _text("language", 8, default="ko"),
        sa.Column("passport_hash", sa.String(64)),
        _text("medical"),
        _at("erased_at", nullable=True),
        _at("created_at"),
        _at("updated_at"),
        sa.CheckConstraint("merged_into_id <> id", name=op.f("ck_persons_not_into_itself")),
    )
    op.create_index("ix_persons_traveller_id", "persons", ["traveller_id"], unique=True)
    for column in ("merged_into_id", "passport_hash"):
        op.create_index(f"ix_persons_{column}", "persons", [column], postgresql_where=sa.text(f"{column} IS NOT NULL"))
    op.create_index("ix_persons_name_grams", "persons", [sa.literal_column("name_grams(name)")], postgresql_using="gin")
    op.create_table(
        "person_phones",
        _to("person_id", "persons", primary_key=True, autoincrement=False),
        sa.Column("phone", sa.String(16), primary_key=True),
        _at("added_at"),
    )
    for name, expression in (("phone", "phone"), ("phone_reversed", "reverse(phone)")):
        op.create_index(
            f"ix_person_phones_{name}", "person_phones", [sa.literal_column(f"{expression} text_pattern_ops")]
        )
    op.create_table(
        "person_merges",
        _id(),
        _to("kept_id", "persons"),
        _to("other_id", "persons"),
        sa.Column("member_ids", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        _at("at"),
        _to("officer_id", "officers", nullable=True),
        _at("undo_until"),
        _at("undone_at", nullable=True),
        _to("undone_by_id", "officers", nullable=True),
    )
    op.create_index("ix_person_merges_kept_id", "person_merges", ["kept_id", "id"])


def _cases() -> None:
    op.add_column("cases", _to("person_id", "persons", nullable=True))
    op.execute(THEIR_CASES)
    op.alter_column("cases", "person_id", nullable=False)
    op.alter_column("cases", "traveller_id", nullable=True)
    op.add_column("cases", _text("summary", 200))
    op.add_column("cases", _risks())
    op.create_index("ix_cases_person", "cases", ["person_id", "id"])


def _contacts() -> None:
    op.create_table(
        "contacts",
        _id(),
        _text("ref", 80, default=None),
        _text("kind", 10, default=None),
        _text("direction", 3, default=None),
        _text("state", 10, default="open"),
        _text("phone", 16),
        _to("person_id", "persons", nullable=True),
        _to("case_id", "cases", nullable=True),
        _flag("danger"),
        _flag("drill"),
        _at("opened_at"),
        _at("closed_at", nullable=True),
        _to("officer_id", "officers", nullable=True),
        _text("disposition", 30),
        _text("mood", 12),
        _risks(),
        _text("note"),
        sa.UniqueConstraint("ref", name=op.f("uq_contacts_ref")),
        sa.CheckConstraint("direction IN ('in', 'out')", name=op.f("ck_contacts_direction")),
        sa.CheckConstraint("state IN ('open', 'closed')", name=op.f("ck_contacts_state")),
        sa.CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name=op.f("ck_contacts_closed_when_closed")),
    )
    op.create_index("ix_contacts_phone", "contacts", ["phone", "opened_at"], postgresql_where=sa.text("phone <> ''"))
    for column in ("person_id", "case_id"):
        op.create_index(
            f"ix_contacts_{column}", "contacts", [column, "id"], postgresql_where=sa.text(f"{column} IS NOT NULL")
        )


def _entries(old: str, new: str) -> None:
    op.rename_table(old, new)
    op.execute(f"ALTER INDEX ix_{old}_case_id RENAME TO ix_{new}_case_id")
    op.execute(f"ALTER SEQUENCE {old}_id_seq RENAME TO {new}_id_seq")
    for constraint in ("pk_{}", "fk_{}_case_id_cases", "fk_{}_officer_id_officers"):
        op.execute(f"ALTER TABLE {new} RENAME CONSTRAINT {constraint.format(old)} TO {constraint.format(new)}")


def _around_cases() -> None:
    op.create_table(
        "case_people",
        _to("case_id", "cases", primary_key=True, autoincrement=False),
        _to("person_id", "persons", primary_key=True, autoincrement=False),
        _text("relation", 60),
        _at("added_at"),
    )
    op.create_index("ix_case_people_person_id", "case_people", ["person_id"])
    op.create_table(
        "attachments",
        _id(),
        _to("case_id", "cases"),
        _to("officer_id", "officers"),
        _at("at"),
        _text("name", 120, default=None),
        _text("media_type", 40, default=None),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        _text("sha256", 64, default=None),
        sa.Column("content", sa.LargeBinary()),
        sa.CheckConstraint("size_bytes BETWEEN 1 AND 3145728", name=op.f("ck_attachments_size")),
    )
    op.create_index("ix_attachments_case_id", "attachments", ["case_id", "id"])


def _escalations() -> None:
    op.create_table(
        "escalation_rules",
        _id(),
        _text("country", 2),
        _text("risk", 20),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        _to("official_id", "officers"),
        sa.Column("deadline_minutes", sa.Integer(), nullable=False),
        _text("phone", 16),
        _at("made_at"),
        _at("removed_at", nullable=True),
        sa.CheckConstraint("level BETWEEN 1 AND 5", name=op.f("ck_escalation_rules_level")),
        sa.CheckConstraint("deadline_minutes BETWEEN 5 AND 20160", name=op.f("ck_escalation_rules_deadline")),
    )
    op.create_index(
        "uq_escalation_rules_live", "escalation_rules", ["country", "risk", "level"], unique=True,
        postgresql_where=sa.text("removed_at IS NULL"),
    )  # fmt: skip
    op.create_table(
        "escalations",
        _id(),
        _to("case_id", "cases"),
        _text("state", 10, default="asked"),
        _text("question", default=None),
        _to("asked_by_id", "officers", nullable=True),
        _at("asked_at"),
        sa.Column("level", sa.SmallInteger(), nullable=False, server_default="1"),
        _to("official_id", "officers"),
        _at("due_at"),
        sa.Column("reminders", sa.SmallInteger(), nullable=False, server_default="0"),
        _text("answer"),
        _to("answered_by_id", "officers", nullable=True),
        _at("answered_at", nullable=True),
        sa.CheckConstraint("state IN ('asked', 'answered')", name=op.f("ck_escalations_state")),
        sa.CheckConstraint(
            "(state = 'answered') = (answered_at IS NOT NULL)", name=op.f("ck_escalations_answered_when_answered")
        ),
    )
    asked = sa.text("state = 'asked'")
    op.create_index("uq_escalations_one_asked", "escalations", ["case_id"], unique=True, postgresql_where=asked)
    op.create_index("ix_escalations_due", "escalations", ["due_at"], postgresql_where=asked)
    op.create_index("ix_escalations_case_id", "escalations", ["case_id", "id"])
    op.create_index("ix_escalations_official_id", "escalations", ["official_id", "id"])
    op.create_table(
        "escalation_steps",
        _id(),
        _to("escalation_id", "escalations"),
        _text("kind", 10, default=None),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        _to("official_id", "officers"),
        _to("rule_id", "escalation_rules", nullable=True),
        _at("at"),
        _at("due_at"),
        sa.Column("notice_id", sa.BigInteger()),
    )
    op.create_index("ix_escalation_steps_escalation_id", "escalation_steps", ["escalation_id", "id"])


def _protection() -> None:
    op.create_table(
        "abuse_incidents",
        _id(),
        _to("contact_id", "contacts"),
        _text("phone", 16),
        _to("officer_id", "officers"),
        _text("state", 12, default=None),
        _at("warned_at"),
        _at("warned_again_at", nullable=True),
        _at("ended_at", nullable=True),
        _text("note"),
        _text("support", 10),
        _to("reviewer_id", "officers", nullable=True),
        _at("reviewed_at", nullable=True),
        _text("review_note"),
        sa.UniqueConstraint("contact_id", name=op.f("uq_abuse_incidents_contact_id")),
        sa.CheckConstraint(
            "state IN ('warned', 'warned_again', 'ended', 'upheld', 'overturned')",
            name=op.f("ck_abuse_incidents_state"),
        ),
        sa.CheckConstraint("support IN ('', 'offered', 'wanted', 'declined')", name=op.f("ck_abuse_incidents_support")),
        sa.CheckConstraint("reviewer_id <> officer_id", name=op.f("ck_abuse_incidents_reviewed_by_another")),
    )
    op.create_index(
        "ix_abuse_incidents_waiting", "abuse_incidents", ["id"], postgresql_where=sa.text("state = 'ended'")
    )
    op.create_index(
        "ix_abuse_incidents_phone", "abuse_incidents", ["phone", "ended_at"], postgresql_where=sa.text("phone <> ''")
    )
    op.create_table(
        "number_flags",
        _id(),
        _text("phone", 16, default=None),
        _text("kind", 10, default=None),
        _text("path", 10, default=None),
        _text("reason", 300),
        _at("since"),
        _at("until"),
        _to("officer_id", "officers", nullable=True),
        _to("incident_id", "abuse_incidents", nullable=True),
        _at("lifted_at", nullable=True),
        _to("lifted_by_id", "officers", nullable=True),
        sa.CheckConstraint(
            "kind IN ('abuse', 'spam', 'fraud', 'burst', 'sequence')", name=op.f("ck_number_flags_kind")
        ),
        sa.CheckConstraint("path IN ('separate', 'blocked')", name=op.f("ck_number_flags_path")),
        sa.CheckConstraint("until > since", name=op.f("ck_number_flags_ends")),
        sa.CheckConstraint("path <> 'blocked' OR kind = 'abuse'", name=op.f("ck_number_flags_only_abuse_blocks")),
    )
    op.create_index(
        "ix_number_flags_phone", "number_flags", ["phone", "until"], postgresql_where=sa.text("lifted_at IS NULL")
    )
    op.create_table(
        "screened_calls",
        _id(),
        _text("phone", 16, default=None),
        _text("beginning", 16, default=None),
        _at("at"),
        _text("path", 10, default=None),
        _text("why", 10),
        _flag("danger"),
    )
    for column in ("phone", "beginning"):
        op.create_index(
            f"ix_screened_calls_{column}", "screened_calls", [column, "at"], postgresql_where=sa.text(f"{column} <> ''")
        )
    op.create_index("ix_screened_calls_at", "screened_calls", ["at"])


def downgrade() -> None:
    """Take back; cases of people who are no travellers have no place in the older form and go."""
    for table in _TABLES:
        op.drop_table(table)
    op.drop_column("case_entries", "contact_id")
    op.drop_table("contacts")
    op.execute("DELETE FROM case_entries WHERE case_id IN (SELECT id FROM cases WHERE traveller_id IS NULL)")
    op.execute("DELETE FROM cases WHERE traveller_id IS NULL")
    op.alter_column("cases", "traveller_id", nullable=False)
    op.drop_index("ix_cases_person", table_name="cases")
    for column in ("risks", "summary", "person_id"):
        op.drop_column("cases", column)
    _entries("case_entries", "case_contacts")
    op.execute("DROP TRIGGER travellers_persons ON travellers")
    for table in ("person_merges", "person_phones", "persons"):
        op.drop_table(table)
    for function in ("persons_follow_travellers()", "grams_alike(text[], text[])", "name_grams(text)"):
        op.execute(f"DROP FUNCTION {function}")
