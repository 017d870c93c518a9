"""Starts and kills worker processes quickly: the code is imported once, and each worker is forked from that.

Every worker is a process of its own that runs the command `hotline worker` from its first line, with its own connections.
Importing the service takes two seconds and is not what is tested; a hundred kills would spend minutes on it. Commands come
on standard input, one a line: `start` answers the new process id, `kill PID` sends SIGKILL and answers when it is dead,
`reap` names the workers that have ended by themselves.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

import wsgi

_PR_SET_PDEATHSIG = 1


def _run_worker() -> None:
    # A worker must not outlive the test that started it.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    devnull = os.open(os.devnull, os.O_RDWR)
    os.dup2(devnull, 0)
    os.dup2(devnull, 1)
    wsgi.main(["worker"], standalone_mode=False)


def _answer(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    """Serve commands until the input ends; then every worker is killed."""
    alive: set[int] = set()
    _answer("ready")
    for line in sys.stdin:
        words = line.split()
        if words == ["start"]:
            pid = os.fork()
            if pid == 0:
                try:
                    _run_worker()
                finally:
                    os._exit(1)
            alive.add(pid)
            _answer(str(pid))
        elif words == ["reap"]:
            ended = [pid for pid in alive if os.waitpid(pid, os.WNOHANG)[0]]
            alive.difference_update(ended)
            _answer(" ".join(["ended", *map(str, ended)]))
        elif words[0] == "kill" and int(words[1]) in alive:
            pid = int(words[1])
            os.kill(pid, signal.SIGKILL)
            _, status = os.waitpid(pid, 0)
            alive.discard(pid)
            _answer("killed" if os.WIFSIGNALED(status) else f"exited {os.waitstatus_to_exitcode(status)}")
    for pid in alive:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
