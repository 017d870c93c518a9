"""A second text and e-mail for the silent: the channel of each row, its new states, and the travellers' addresses."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_BEFORE = "'queued', 'calling', 'in_doubt', 'ringing', 'talking', 'heard', 'answered', 'failed', 'skipped'"
_AFTER = f"{_BEFORE}, 'sent', 'delivered'"


def upgrade() -> None:
    """Add the columns; what there is are calls."""
    op.add_column("travellers", sa.Column("email", sa.String(254)))
    op.add_column("travellers", sa.Column("email_bad_at", sa.DateTime(timezone=True)))
    op.add_column("outreach", sa.Column("channel", sa.String(8), nullable=False, server_default="voice"))
    op.create_check_constraint(op.f("ck_outreach_channel"), "outreach", "channel IN ('voice', 'sms', 'mail')")
    op.drop_constraint(op.f("ck_outreach_state"), "outreach", type_="check")
    op.create_check_constraint(op.f("ck_outreach_state"), "outreach", f"state IN ({_AFTER})")
    op.add_column("call_attempts", sa.Column("sender", sa.String(40)))
    op.add_column("call_attempts", sa.Column("left_at", sa.DateTime(timezone=True)))
    op.drop_index("ix_call_attempts_sid", table_name="call_attempts")
    _name_index("ix_call_attempts_sid", "provider_sid IS NOT NULL AND provider = 'twilio_voice'", unique=True)
    _name_index("ix_call_attempts_name", "provider_sid IS NOT NULL", unique=False)


def _name_index(name: str, condition: str, *, unique: bool) -> None:
    op.create_index(name, "call_attempts", ["provider_sid"], unique=unique, postgresql_where=sa.text(condition))


def downgrade() -> None:
    """Take them away again, with what only they can hold."""
    op.execute(
        "DELETE FROM call_attempts a USING outreach o WHERE o.id = a.outreach_id AND o.channel <> 'voice'"
    )  # fmt: skip
    op.execute("DELETE FROM outreach WHERE channel <> 'voice'")
    op.drop_index("ix_call_attempts_name", table_name="call_attempts")
    op.drop_index("ix_call_attempts_sid", table_name="call_attempts")
    _name_index("ix_call_attempts_sid", "provider_sid IS NOT NULL", unique=True)
    op.drop_column("call_attempts", "left_at")
    op.drop_column("call_attempts", "sender")
    op.drop_constraint(op.f("ck_outreach_state"), "outreach", type_="check")
    op.create_check_constraint(op.f("ck_outreach_state"), "outreach", f"state IN ({_BEFORE})")
    op.drop_constraint(op.f("ck_outreach_channel"), "outreach", type_="check")
    op.drop_column("outreach", "channel")
    op.drop_column("travellers", "email_bad_at")
    op.drop_column("travellers", "email")
