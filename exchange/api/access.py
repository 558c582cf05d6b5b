"""Who may reach the node's socket besides its own user: the group that ``socket_group`` in ``node.toml`` names.

The group may pass the node's directory and connect to the socket. It lists nothing there and reads nothing, because every file
is for the node's own user. To reach the socket is not to act: the kernel says who connected, and the node knows which actors
that account may be.
"""

from __future__ import annotations

import grp
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from exchange.errors import SetupError

CLOSED: Final = 0o700
PASSED: Final = 0o710
"""The group may go through and not look around."""
_FOREIGN: Final = 0o077


@dataclass(frozen=True, slots=True)
class Group:
    """A group of operating-system users, as the settings name it."""

    name: str
    gid: int


def group_of(named: str | int) -> Group:
    """The group with this name, or with this number, which needs no name.

    Raises:
        SetupError: No group on this machine has the name.
    """
    if isinstance(named, int):
        return Group(str(named), named)
    try:
        return Group(named, grp.getgrnam(named).gr_gid)
    except KeyError:
        raise SetupError(
            "The group {group} (socket_group in node.toml) does not exist on this machine; make it or leave the setting out.",
            group=named,
        ) from None


def admit(directory: Path, socket: Path, named: str | int | None) -> Group | None:
    """Let a group as far as the socket, and no further; without one, shut what an earlier start opened.

    Args:
        directory: The node's.
        socket: Where its socket appears. A directory of somebody else's choice is not changed, only looked at.
        named: The group; None for nobody but the node's own user.

    Raises:
        SetupError: The group does not exist, we may not give anything to it, or it cannot get to the socket.
    """
    try:
        if named is None:
            _shut(directory)
            return None
        group = group_of(named)
        _own_only(directory)
        if socket.parent.samefile(directory):
            give(directory, group)
            directory.chmod(PASSED)
        else:
            _shut(directory)
            _passable(socket.parent, group)
    except OSError as problem:
        raise SetupError(
            "The rights on the node's directory cannot be set ({reason}); it must belong to the user that runs the node.",
            reason=problem.strerror,
        ) from None
    return group


def give(path: Path, group: Group) -> None:
    """Make ``path`` the group's; no system call when it is already.

    Raises:
        SetupError: We are not a member of it, so we may not.
    """
    if path.stat().st_gid == group.gid:
        return
    try:
        os.chown(path, -1, group.gid)
    except PermissionError:
        raise SetupError(
            "The user that runs the node may not give its socket to the group {group}; make it a member of that group.",
            group=group.name,
        ) from None


def _shut(directory: Path) -> None:
    """Undo :func:`admit`. Other rights were set by a person, who had a reason."""
    if stat.S_IMODE(directory.stat().st_mode) == PASSED:
        directory.chmod(CLOSED)


def _own_only(directory: Path) -> None:
    """Take from group and others what they could do with anything in ``directory``, before anybody is let in."""
    for path in directory.iterdir():
        mode = path.lstat().st_mode
        if mode & _FOREIGN and not stat.S_ISLNK(mode):
            path.chmod(stat.S_IMODE(mode) & CLOSED)


def _passable(directory: Path, group: Group) -> None:
    found = directory.stat()
    by_group = found.st_gid == group.gid and found.st_mode & stat.S_IXGRP
    if not by_group and not found.st_mode & stat.S_IXOTH:
        raise SetupError(
            "The group {group} cannot pass the directory of the node's socket; give that directory to it with mode 0710.",
            group=group.name,
        )
