"""The platform: embedded servers, supervision, set-up and checks, tried on real processes."""
