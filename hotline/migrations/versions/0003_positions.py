"""Sightings, itineraries and companions behind the one effective position."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TAKE_OVER_POSITIONS = """
INSERT INTO sightings (traveller_id, precision, source, lat, lon, cell, country, observed_at, valid_until)
SELECT traveller_id, precision, source, lat, lon, cell, country, observed_at,
       greatest(coalesce(valid_until, greatest(observed_at, now()) + interval '30 days'),
                observed_at + interval '1 second')
  FROM positions WHERE lat IS NOT NULL
"""
"""What was held so far stays held, for 30 days at most where it had no end: long enough to be reported anew."""
END_POSITIONS = """
UPDATE positions p SET valid_until = s.valid_until, recheck_at = s.valid_until
  FROM sightings s WHERE s.traveller_id = p.traveller_id
"""


def upgrade() -> None:
    """Apply."""
    op.add_column("positions", sa.Column("recheck_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_positions_country_only", "positions", ["country"], postgresql_where=sa.text("precision = 'country'")
    )
    op.create_index(
        "ix_positions_recheck_at", "positions", ["recheck_at"], postgresql_where=sa.text("recheck_at IS NOT NULL")
    )
    for table in ("alerts", "approvals"):
        op.add_column(
            table,
            sa.Column(
                "precisions",
                postgresql.JSONB(astext_type=sa.Text()),
                server_default='["exact", "city", "country"]',
                nullable=False,
            ),
        )
    _create_sightings()
    _create_itineraries()
    op.execute(TAKE_OVER_POSITIONS)
    op.execute(END_POSITIONS)


def downgrade() -> None:
    """Revert; positions stay as they are held."""
    for table in ("alerts", "approvals"):
        op.drop_column(table, "precisions")
    for table in ("companions", "itinerary_legs", "itineraries", "sightings"):
        op.drop_table(table)
    op.drop_index("ix_positions_recheck_at", table_name="positions")
    op.drop_index("ix_positions_country_only", table_name="positions")
    op.drop_column("positions", "recheck_at")


def _create_sightings() -> None:
    op.create_table(
        "sightings",
        sa.Column("traveller_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("precision", sa.String(length=8), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("lon", sa.Float(), nullable=False),
        sa.Column("cell", sa.Integer(), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("decisive", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("observed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("lat BETWEEN -90 AND 90 AND lon BETWEEN -180 AND 180", name=op.f("ck_sightings_on_earth")),
        sa.CheckConstraint("precision IN ('exact', 'city', 'country')", name=op.f("ck_sightings_precision")),
        sa.CheckConstraint("valid_until > observed_at", name=op.f("ck_sightings_in_order")),
        sa.ForeignKeyConstraint(
            ["traveller_id"],
            ["travellers.id"],
            name=op.f("fk_sightings_traveller_id_travellers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("traveller_id", "precision", "source", name=op.f("pk_sightings")),
    )
    op.create_index("ix_sightings_valid_until", "sightings", ["valid_until"])


def _create_itineraries() -> None:
    op.create_table(
        "itineraries",
        sa.Column("traveller_id", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.String(length=80), nullable=True),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["traveller_id"],
            ["travellers.id"],
            name=op.f("fk_itineraries_traveller_id_travellers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_itineraries")),
    )
    op.create_index(op.f("ix_itineraries_traveller_id"), "itineraries", ["traveller_id"])
    op.create_index(
        "ix_itineraries_reference",
        "itineraries",
        ["traveller_id", "reference"],
        unique=True,
        postgresql_where=sa.text("reference IS NOT NULL"),
    )
    op.create_table(
        "itinerary_legs",
        sa.Column("itinerary_id", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.String(length=120), server_default="", nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("precision", sa.String(length=8), nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("lon", sa.Float(), nullable=False),
        sa.Column("cell", sa.Integer(), nullable=False),
        sa.Column("zone", sa.String(length=40), nullable=False),
        sa.Column("first_date", sa.Date(), nullable=False),
        sa.Column("last_date", sa.Date(), nullable=False),
        sa.Column("means", sa.String(length=80), server_default="", nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("precision IN ('city', 'country')", name=op.f("ck_itinerary_legs_precision")),
        sa.CheckConstraint("first_date <= last_date AND starts_at < ends_at", name=op.f("ck_itinerary_legs_in_order")),
        sa.ForeignKeyConstraint(
            ["itinerary_id"],
            ["itineraries.id"],
            name=op.f("fk_itinerary_legs_itinerary_id_itineraries"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_itinerary_legs")),
        sa.UniqueConstraint(
            "itinerary_id", "first_date", "last_date", "country", "lat", "lon", name="uq_itinerary_legs_stay"
        ),
    )
    op.create_table(
        "companions",
        sa.Column("itinerary_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=160), nullable=False),
        sa.Column("traveller_id", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["itinerary_id"],
            ["itineraries.id"],
            name=op.f("fk_companions_itinerary_id_itineraries"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["traveller_id"],
            ["travellers.id"],
            name=op.f("fk_companions_traveller_id_travellers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_companions")),
    )
    op.create_index(op.f("ix_companions_itinerary_id"), "companions", ["itinerary_id"])
    op.create_index("ix_companions_traveller_id", "companions", ["traveller_id"])
