"""Everything between the operating system and the service: embedded servers, supervision, checks before the start."""
