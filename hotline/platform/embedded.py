"""Real PostgreSQL and Valkey servers from the installed wheels: one import for whoever starts them.

Both listen on unix sockets only, log into `DATA/log`, and die with the process that started them, however it dies.
"""

from __future__ import annotations

from hotline.platform.postgres_server import DATABASE, EmbeddedPostgres, postgres_version
from hotline.platform.valkey_server import EmbeddedValkey, valkey_version

__all__ = ["DATABASE", "EmbeddedPostgres", "EmbeddedValkey", "postgres_version", "valkey_version"]
