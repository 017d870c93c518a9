"""Variants of an alert's text, and what an update or a cancel follows."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_STATES = "'draft','submitted','approved','dispatching','finished','cancelled','rejected','expired'"
_BATCH = 500
_NEXT = sa.text(
    "SELECT alert_id, areas, texts, drill, digest FROM approvals WHERE alert_id > :after ORDER BY alert_id LIMIT :most"
)
_WRITE = sa.text("UPDATE approvals SET texts = :texts, digest = :digest WHERE alert_id = :id").bindparams(
    sa.bindparam("texts", type_=postgresql.JSONB)
)


def upgrade() -> None:
    """Apply."""
    op.drop_constraint(op.f("pk_alert_texts"), "alert_texts", type_="primary")
    op.add_column("alert_texts", sa.Column("variant", sa.String(length=12), server_default="alert", nullable=False))
    op.create_primary_key(op.f("pk_alert_texts"), "alert_texts", ["alert_id", "variant", "language"])

    op.add_column("messages", sa.Column("variant", sa.String(length=12), server_default="alert", nullable=False))
    op.add_column("messages", sa.Column("waits_for", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_messages_waits_for",
        "messages",
        ["waits_for"],
        postgresql_where=sa.text("waits_for IS NOT NULL AND state = 'queued'"),
    )

    for name, table in (("follows_id", "alerts"), ("chain_id", "alerts"), ("superseded_by_id", "alerts"),
                        ("released_by_id", "officers")):  # fmt: skip
        op.add_column("alerts", sa.Column(name, sa.BigInteger(), nullable=True))
        op.create_foreign_key(op.f(f"fk_alerts_{name}_{table}"), "alerts", table, [name], ["id"])
    op.create_index("ix_alerts_chain_id", "alerts", ["chain_id"], postgresql_where=sa.text("chain_id IS NOT NULL"))
    op.create_check_constraint(op.f("ck_alerts_chain"), "alerts", "(follows_id IS NULL) = (chain_id IS NULL)")
    op.drop_constraint(op.f("ck_alerts_state"), "alerts", type_="check")
    op.create_check_constraint(op.f("ck_alerts_state"), "alerts", f"state IN ({_STATES},'superseded')")

    op.add_column(
        "audience_snapshots",
        sa.Column("by_variant", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
    )
    op.add_column("audience_snapshots", sa.Column("joined", sa.Integer(), server_default="0", nullable=False))
    op.create_table(
        "alert_watches",
        sa.Column("alert_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("snapshot", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("fk_alert_watches_alert_id_alerts")),
        sa.PrimaryKeyConstraint("alert_id", name=op.f("pk_alert_watches")),
    )
    _rewrite_approvals(lambda texts: {"alert": texts})


def downgrade() -> None:
    """Take back: variants beside the alert itself, and chains, are lost."""
    _rewrite_approvals(lambda texts: texts.get("alert", {}))
    op.drop_table("alert_watches")
    op.drop_column("audience_snapshots", "joined")
    op.drop_column("audience_snapshots", "by_variant")
    op.execute("UPDATE alerts SET state = 'cancelled' WHERE state = 'superseded'")
    op.drop_constraint(op.f("ck_alerts_state"), "alerts", type_="check")
    op.create_check_constraint(op.f("ck_alerts_state"), "alerts", f"state IN ({_STATES})")
    op.drop_constraint(op.f("ck_alerts_chain"), "alerts", type_="check")
    op.drop_index("ix_alerts_chain_id", table_name="alerts", postgresql_where=sa.text("chain_id IS NOT NULL"))
    for name in ("released_by_id", "superseded_by_id", "chain_id", "follows_id"):
        op.drop_column("alerts", name)
    op.drop_index(
        "ix_messages_waits_for",
        table_name="messages",
        postgresql_where=sa.text("waits_for IS NOT NULL AND state = 'queued'"),
    )
    op.drop_column("messages", "waits_for")
    op.drop_column("messages", "variant")
    op.drop_constraint(op.f("pk_alert_texts"), "alert_texts", type_="primary")
    op.execute("DELETE FROM alert_texts WHERE variant <> 'alert'")
    op.drop_column("alert_texts", "variant")
    op.create_primary_key(op.f("pk_alert_texts"), "alert_texts", ["alert_id", "language"])


def _rewrite_approvals(change: Any) -> None:
    """Give every approval its texts in the other shape, and a digest over them.

    An approval whose digest did not fit its content before must not fit afterwards either: its digest stays as it was.
    """
    connection, after = op.get_bind(), 0
    while rows := connection.execute(_NEXT, {"after": after, "most": _BATCH}).all():
        for alert_id, areas, texts, drill, digest in rows:
            fits = digest == _digest(areas, texts, drill)
            changed = change(texts)
            new = _digest(areas, changed, drill) if fits else digest
            connection.execute(_WRITE, {"id": alert_id, "texts": changed, "digest": new})
        after = rows[-1][0]


def _digest(areas: Any, texts: Any, drill: bool) -> str:
    """The digest as it was computed when this migration was written; it must never follow later changes of the code."""
    canonical = json.dumps(
        {"areas": areas, "texts": texts, "drill": drill}, sort_keys=True, ensure_ascii=False, separators=(",", ":")
    )
    return hashlib.sha256(canonical.encode()).hexdigest()
