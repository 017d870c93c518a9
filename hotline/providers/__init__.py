"""Ports to the outside (SMS now; voice, e-mail later), their adapters and signature checks."""
