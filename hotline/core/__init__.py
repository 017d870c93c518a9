"""What every room of the house uses: settings, database, clock, audit, outbox, jobs, live events and default-deny routes."""
