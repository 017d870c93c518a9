"""Becomes another program whose life is tied to the process that started it.

It runs as a script of its own (`python -I -S tether.py …`) and imports only the standard library. The death
signal must be asked for in the child, after its user has changed (the kernel forgets it on a change of user) and
before it becomes the other program. Doing that in `subprocess`'s `preexec_fn` would run Python between fork and
exec, which can dead-lock once the parent has threads; this script has none.

Arguments: parent's process id, death signal's number, user id or -1, group id or -1, then the program and its own
arguments.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
FIRST_PROGRAM_ARGUMENT = 5
NOT_STARTED = 126


def main(arguments: list[str]) -> None:
    """Drop to the user, ask for the death signal, and become the program."""
    parent_pid, death_signal, uid, gid = (int(word) for word in arguments[1:FIRST_PROGRAM_ARGUMENT])
    program = arguments[FIRST_PROGRAM_ARGUMENT:]
    if uid >= 0:
        os.setgroups([gid])
        os.setgid(gid)
        os.setuid(uid)
    _ask_for_death_signal(death_signal)
    if os.getppid() != parent_pid:
        # The parent died before the kernel knew of our wish, so no signal will ever come.
        sys.exit(NOT_STARTED)
    _restore_default_signals()
    try:
        os.execv(program[0], program)  # noqa: S606 - replacing this process without a shell is the whole purpose
    except OSError as error:
        sys.stderr.write(f"cannot run {program[0]}: {error.strerror}\n")
        sys.exit(NOT_STARTED)


def _ask_for_death_signal(number: int) -> None:
    if sys.platform != "linux":
        return  # Elsewhere the supervisor's guard process is the only tie.
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, number, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) was refused")


def _restore_default_signals() -> None:
    # The interpreter ignores SIGPIPE, and a shell's background job ignores SIGINT; both would be inherited.
    for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


if __name__ == "__main__":
    main(sys.argv)
