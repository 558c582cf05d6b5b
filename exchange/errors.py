"""Errors, in families by whose fault it is. One root; every message is one sentence a person can act on.

The message is an English template and its parameters; the edge (CLI, API) translates the template through the
gettext catalog and fills it in. A message never holds personal data, a key, or a value a partner chose: it says what was
expected, what was found (a length, a code, a name from the covenant), and what to do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar


def N_(sentence: str) -> str:  # noqa: N802 - the name gettext tools and translators know
    """Mark a literal for the catalog without translating it yet."""
    return sentence


@dataclass(frozen=True, slots=True)
class Detail:
    """One of several things an error is about: where, what is wrong there, and a sentence for people."""

    location: str
    """What the caller gave or named: a field of the form, a partner's short name."""
    kind: str
    """Stable, machine-readable."""
    template: str
    """English, the key of the gettext catalog; marked with :func:`N_` where it is written."""
    params: Mapping[str, object] = field(default_factory=dict)

    def localised(self, gettext: Callable[[str], str]) -> str:
        """The sentence in the reader's language."""
        return gettext(self.template).format(**self.params)

    def __str__(self) -> str:
        """The sentence in English."""
        return self.localised(str)


class ExchangeError(Exception):
    """The root of everything this package raises on purpose.

    Args:
        template: English sentence with ``{name}`` placeholders; also the key of the gettext catalog.
        params: What the placeholders stand for; never personal data, never a secret. One that is a sentence itself (another
            error, anything with ``localised``) is shown in the reader's language as well.
    """

    code: ClassVar[str] = "error"
    """Stable, machine-readable; part of the API contract."""
    status: ClassVar[int] = 500
    """The HTTP status the API answers with."""
    details: tuple[Detail, ...] = ()
    """Everything to mend, when it is more than the sentence can say."""

    def __init__(self, template: str, **params: object) -> None:
        self.template = template
        self.params = params
        super().__init__(template.format(**params) if params else template)

    def localised(self, gettext: Callable[[str], str]) -> str:
        """The sentence in the reader's language."""
        text = gettext(self.template)
        if not self.params:
            return text
        return text.format(**{name: _localised(value, gettext) for name, value in self.params.items()})


def _localised(value: object, gettext: Callable[[str], str]) -> object:
    """A value of a sentence; a sentence inside a sentence speaks the same language."""
    say = getattr(value, "localised", None)
    return say(gettext) if callable(say) else value


class InputError(ExchangeError):
    """What the caller gave is not usable: a field, a file, an option."""

    code = "input"
    status = 422


class NotFoundError(InputError):
    """The thing named does not exist here."""

    code = "not-found"
    status = 404


class ConflictError(InputError):
    """The command does not fit the state it meets (already done, other request under the same idempotency key)."""

    code = "conflict"
    status = 409


class BusyError(ExchangeError):
    """So much of this waits for people already that more of it is not taken now; the same call may be tried again later."""

    code = "busy"
    status = 429


class NotAllowedError(ExchangeError):
    """The actor's role does not include this command."""

    code = "not-allowed"
    status = 403


class NotAuthenticatedError(NotAllowedError):
    """Nobody proved who is calling, or the one who did is no actor of this node."""

    code = "not-authenticated"
    status = 401


class SetupError(ExchangeError):
    """The node directory, settings, covenant or keys are not in order; an operator has to act."""

    code = "setup"
    status = 503


class LockedError(SetupError):
    """A secret is missing: wrong passphrase, missing or stale anchor, key known-answer test failed."""

    code = "locked"


class CovenantError(SetupError):
    """The covenant document or its signatures are not acceptable."""

    code = "covenant"
    status = 422


class StorageError(ExchangeError):
    """The disk refused (full, read-only, busy). Nothing was stored; the same call may be tried again."""

    code = "storage"
    status = 503


class IntegrityError(ExchangeError):
    """What is stored is not what was written. Carries the first bad log index when there is one."""

    code = "integrity"

    def __init__(self, template: str, *, index: int | None = None, **params: object) -> None:
        self.index = index
        super().__init__(template, **({"index": index, **params} if index is not None else params))


class CryptoError(ExchangeError):
    """A key, signature, seal or proof does not hold. Says which, never why in detail."""

    code = "crypto"
    status = 400


class WireError(ExchangeError):
    """What a partner sent is not acceptable. ``reason`` is the protocol's stable code."""

    code = "wire"
    status = 400

    def __init__(self, reason: str, template: str, **params: object) -> None:
        self.reason = reason
        super().__init__(template, **params)


class BrokerError(ExchangeError):
    """The broker cannot be reached, refuses, or is full. The outbox waits; nothing is lost."""

    code = "broker"
    status = 503
