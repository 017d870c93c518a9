"""One Alembic history for the whole house."""
