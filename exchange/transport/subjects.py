"""The names on the broker: subjects, streams, consumers (protocol §4, "Subjects and rights on the broker").

Only these names are visible to the broker: the covenant's tag, partner slugs and the kind of a control message.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from exchange.errors import SetupError, WireError

EVERYONE = "all"
"""Stands for the recipient of a control message that is for every partner; no partner can be called so."""

_TAG = re.compile(r"[0-9a-f]{16}")
_NAME = re.compile(r"[a-z][a-z0-9-]{1,30}")


def check_slug(slug: str) -> str:
    """``slug`` itself when it can name a partner on the broker.

    Raises:
        SetupError: It is not a slug, or a reserved word.
    """
    if not _NAME.fullmatch(slug) or slug == EVERYONE:
        raise SetupError(
            "A partner's short name is 2 to 31 lowercase letters, digits or hyphens, begins with a letter, "
            "and is not the word 'all'."
        )
    return slug


def check_kind(kind: str) -> str:
    """``kind`` itself when it can name a kind of control message.

    Raises:
        SetupError: It cannot.
    """
    if not _NAME.fullmatch(kind):
        raise SetupError("A kind of control message is 2 to 31 lowercase letters, digits or hyphens.")
    return kind


@dataclass(frozen=True, slots=True)
class Names:
    """All names of one covenant on one broker.

    Args:
        tag: The first 16 hex characters of the covenant id.
    """

    tag: str

    def __post_init__(self) -> None:
        if not _TAG.fullmatch(self.tag):
            raise SetupError("A covenant is named on the broker by the first 16 hex characters of its id.")

    # Frames.

    def inbox_stream(self, recipient: str) -> str:
        """The stream that holds the frames for ``recipient``."""
        return f"CX_{self.tag}_IN_{check_slug(recipient)}"

    def inbox_filter(self, recipient: str) -> str:
        """Every subject of that stream."""
        return f"cx.{self.tag}.in.{check_slug(recipient)}.*"

    def inbox_subject(self, recipient: str, sender: str) -> str:
        """Where ``sender`` publishes a frame for ``recipient``."""
        return f"cx.{self.tag}.in.{check_slug(recipient)}.{check_slug(sender)}"

    def inbox_sender(self, subject: str, recipient: str) -> str:
        """Who published on ``subject``, a subject of ``recipient``'s inbox.

        Raises:
            WireError: It is no such subject (``subject-mismatch``).
        """
        prefix, _, sender = subject.rpartition(".")
        if prefix != f"cx.{self.tag}.in.{recipient}" or not _NAME.fullmatch(sender) or sender == EVERYONE:
            raise WireError("subject-mismatch", "A frame came in on a subject that is not of this inbox.")
        return sender

    # The control lane.

    @property
    def control_stream(self) -> str:
        """The stream that keeps the newest control message per subject."""
        return f"CX_{self.tag}_CTL"

    @property
    def control_filter(self) -> str:
        """Every subject of that stream."""
        return f"cx.{self.tag}.ctl.*.*.*"

    def control_filters(self, me: str) -> tuple[str, str]:
        """What ``me`` receives: what is for everyone and what is for him alone."""
        return f"cx.{self.tag}.ctl.*.{EVERYONE}.*", f"cx.{self.tag}.ctl.*.{check_slug(me)}.*"

    def control_subject(self, kind: str, recipient: str | None, sender: str) -> str:
        """Where ``sender`` publishes a control message; ``recipient`` None means everyone."""
        to = EVERYONE if recipient is None else check_slug(recipient)
        return f"cx.{self.tag}.ctl.{check_kind(kind)}.{to}.{check_slug(sender)}"

    def control_parts(self, subject: str) -> tuple[str, str | None, str]:
        """Kind, recipient (None for everyone) and sender of a control ``subject``.

        Raises:
            WireError: It is no control subject of this covenant (``subject-mismatch``).
        """
        parts = subject.split(".")
        if (
            len(parts) != 6  # noqa: PLR2004 - cx, tag, ctl, kind, recipient, sender
            or parts[:3] != ["cx", self.tag, "ctl"]
            or not all(_NAME.fullmatch(part) for part in parts[3:])
            or parts[5] == EVERYONE
        ):
            raise WireError("subject-mismatch", "A control message came in on a subject that is not of this lane.")
        return parts[3], None if parts[4] == EVERYONE else parts[4], parts[5]

    # Consuming. The durable consumers are made by the broker's operator and carry the slug of their only user.

    def next_inbox(self) -> str:
        """Where a partner asks for frames of its own inbox; an alias that exists only in its own account."""
        return f"cx.{self.tag}.next.in"

    def next_control(self) -> str:
        """Where a partner asks for control messages; an alias in its own account."""
        return f"cx.{self.tag}.next.ctl"

    def delete(self) -> str:
        """Where a partner has a frame of its own inbox deleted; an alias in its own account."""
        return f"cx.{self.tag}.delete"

    def ack_filter(self, stream: str, me: str) -> str:
        """Where ``me`` acknowledges what it received from ``stream``."""
        return f"$JS.ACK.{stream}.{check_slug(me)}.>"


def inbox_prefix(slug: str) -> str:
    """Under which a partner receives replies: with the common ``_INBOX`` one partner could read another's."""
    return f"_INBOX_{check_slug(slug)}"


OPERATOR_INBOX = "_INBOX_0operator"
"""The operator's; a slug begins with a letter, so no partner can be called so."""
