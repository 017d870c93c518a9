"""Officers, roles, passwords, sessions, permissions and API tokens."""
