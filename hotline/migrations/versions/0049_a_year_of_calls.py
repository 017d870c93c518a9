"""Indexes for what is asked every minute, at every call or by every page, and had read a year's rows.

The hand-over's round looked for the promises of each night's calls among all callbacks; the round that asks the provider about
legs, and the page of an agent, among all legs; an incident's figures among all calls and cases; forgetting among all calls and
announced calls; the list of what needs attention among everything that ever did; who is one person with somebody, among all.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None

INDEXES = (
    ("ix_callbacks_origin_ref", "callbacks", ["origin_ref"], "origin_ref <> ''"),
    ("ix_callbacks_phone", "callbacks", ["phone", "created_at"], "phone <> ''"),
    ("ix_callbacks_given_up", "callbacks", ["id"], "state = 'given_up'"),
    ("ix_attention_items_dead", "attention_items", ["id"], "kind = 'number_dead' AND acknowledged_at IS NULL"),
    ("ix_call_legs_on", "call_legs", ["call_id"], "state IN ('ringing','answered','joined')"),
    ("ix_call_legs_agent", "call_legs", ["agent_id", "id"], "joined_at IS NOT NULL"),
    ("ix_calls_started_at", "calls", ["started_at"], "direction = 'in'"),
    ("ix_calls_numbers", "calls", ["ended_at"], "state = 'ended' AND (phone <> '' OR forwarded_from <> '')"),
    ("ix_callout_people_came", "callout_people", ["id"], "ready_at IS NOT NULL"),
    ("ix_forwardings_old", "forwardings", ["received_at"], "caller <> ''"),
    ("ix_contacts_open", "contacts", ["id"], "state = 'open'"),
    ("ix_cases_opened_at", "cases", ["opened_at"], None),
)


def upgrade() -> None:
    """Add the indexes; partial ones hold only rows that the question is about."""
    for name, table, columns, where in INDEXES:
        op.create_index(name, table, columns, postgresql_where=text(where) if where else None)
    op.create_index("ix_persons_known_as", "persons", [text("(coalesce(merged_into_id, id))")])


def downgrade() -> None:
    """Take them away; everything works as before, more slowly with each month."""
    op.drop_index("ix_persons_known_as", "persons")
    for name, table, _columns, _where in reversed(INDEXES):
        op.drop_index(name, table)
