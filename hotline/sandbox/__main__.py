"""Lets the practice carrier be started by itself with ``python -m hotline.sandbox``."""

from hotline.sandbox.cli import sandbox

if __name__ == "__main__":
    sandbox()
