"""Other user accounts of this machine: what they really can do when the tests run as root, and what the rights say when not."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = os.getuid() == 0


@dataclass(frozen=True)
class Account:
    """A user and his groups."""

    uid: int
    groups: tuple[int, ...]

    def does(self, work: Callable[[], Any]) -> Any:
        """What ``work`` gives when this account does it, in a process of its own. Only root can become somebody else."""
        assert ROOT or self.uid == os.getuid()
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            code = 1
            try:
                if ROOT:
                    os.setgroups(self.groups)
                    os.setgid(self.uid)
                    os.setuid(self.uid)
                os.write(writer, json.dumps(work()).encode())
                code = 0
            finally:
                os._exit(code)
        os.close(writer)
        with os.fdopen(reader) as answer:
            text = answer.read()
        assert os.waitpid(child, 0)[1] == 0, "the other account's process failed"
        return json.loads(text)

    def may(self, path: Path, right: int) -> bool:
        """Whether this account has ``right`` (4 read, 2 write, 1 pass) on ``path`` itself: tried, or else computed."""
        if ROOT:
            return bool(self.does(lambda: os.access(path, right)))
        found = path.lstat()
        mode = stat.S_IMODE(found.st_mode)
        if found.st_uid == self.uid:
            return bool(mode >> 6 & right)
        return bool((mode >> 3 if found.st_gid in self.groups else mode) & right)
