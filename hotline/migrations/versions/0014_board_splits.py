"""Figures by provider as well: whose message it is, running counts by it, and the board's curves by country and provider."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_KEYS = {
    "tallies": ("alert_id", "country", "state", "reason"),
    "answer_tallies": ("alert_id", "country", "status", "slot"),
}
_OF_LAST_ATTEMPT = """
UPDATE messages m SET provider = a.provider FROM attempts a WHERE a.message_id = m.id AND a.number = m.attempts
"""
_OF_ANSWERS = """
UPDATE standings s SET provider = m.provider
  FROM messages m JOIN travellers t ON t.phone = m.phone
 WHERE m.alert_id = s.alert_id AND t.id = s.traveller_id
"""
_COUNT = """
INSERT INTO tallies (alert_id, country, state, reason, provider, messages)
SELECT alert_id, country, state, CASE WHEN state = 'failed' THEN coalesce(error_code, '') ELSE '' END,
       CASE WHEN state IN ('queued', 'withdrawn', 'lapsed') THEN '' ELSE provider END, count(*)
  FROM messages GROUP BY 1, 2, 3, 4, 5
"""
_COUNT_ANSWERS = """
INSERT INTO answer_tallies (alert_id, country, provider, status, slot, people)
SELECT alert_id, country, provider, status, 0, count(*) FROM standings WHERE alert_id <> 0 GROUP BY 1, 2, 3, 4
"""
_FOLD = """
INSERT INTO {table} ({keys}, {what})
SELECT {keys}, sum({what})::int FROM dropped GROUP BY {keys}
"""


def _provider() -> sa.Column[str]:
    return sa.Column("provider", sa.String(20), nullable=False, server_default="")


def upgrade() -> None:
    """Name the provider on messages and answers, count them anew by it, and add the table of the curves."""
    for table in ("messages", "standings", *_KEYS):
        op.add_column(table, _provider())
    for table, keys in _KEYS.items():
        op.drop_constraint(f"pk_{table}", table, type_="primary")
        op.create_primary_key(f"pk_{table}", table, [*keys, "provider"])
        op.execute(f"DELETE FROM {table}")  # noqa: S608 - names of our own
    for statement in (_OF_LAST_ATTEMPT, _OF_ANSWERS, _COUNT, _COUNT_ANSWERS):
        op.execute(statement)
    op.create_table(
        "board_splits",
        sa.Column("alert_id", sa.BigInteger(), sa.ForeignKey("alerts.id"), primary_key=True, autoincrement=False),
        sa.Column("country", sa.String(2), primary_key=True),
        sa.Column("provider", sa.String(20), primary_key=True),
        sa.Column("minute", sa.DateTime(timezone=True), primary_key=True),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("accepted", "delivered", "failed", "safe", "help")
        ),
    )


def downgrade() -> None:
    """Add the counts of all providers together again."""
    op.drop_table("board_splits")
    for table, keys in _KEYS.items():
        names, what = ", ".join(keys), "messages" if table == "tallies" else "people"
        op.execute(f"CREATE TEMP TABLE dropped ON COMMIT DROP AS SELECT * FROM {table}")  # noqa: S608 - names of our own
        op.execute(f"DELETE FROM {table}")  # noqa: S608 - names of our own
        op.drop_constraint(f"pk_{table}", table, type_="primary")
        op.drop_column(table, "provider")
        op.create_primary_key(f"pk_{table}", table, list(keys))
        op.execute(_FOLD.format(table=table, keys=names, what=what))
        op.execute("DROP TABLE dropped")
    for table in ("standings", "messages"):
        op.drop_column(table, "provider")
