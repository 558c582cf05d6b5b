"""What the broker says when it refuses, as one sentence each. Its own words never reach a message of ours."""

from __future__ import annotations

import json
from typing import Any

from exchange.errors import BrokerError

ACK_TIMEOUT_S = 10.0
"""How long the broker has to confirm; after that the frame is sent again later (it may have arrived)."""

_FULL = frozenset({10023, 10028, 10047, 10052, 10122})
"""JetStream: insufficient resources, account or server storage used up, message or consumer limits."""
_STORE_FAILED = 10077  # the limits of one stream, or the disk; told apart by its description
_TOO_LARGE = 10054
_NO_SUCH_MESSAGE = 10057  # STREAM.MSG.DELETE: "no message found", or another failure of the store
_STREAM_NOT_FOUND = 10059
_NO_RESPONDERS = "503"


def unreachable() -> BrokerError:
    """No connection now; nothing was sent."""
    return BrokerError("The broker cannot be reached; what is to be sent waits and goes out when it answers again.")


def no_answer() -> BrokerError:
    """Sent, but unconfirmed."""
    return BrokerError("The broker did not confirm in time; the same message will be sent again.")


def forbidden() -> BrokerError:
    """The rights of this key do not include what was asked."""
    return BrokerError(
        "The broker refuses: this transport key has no right to do that; its operator has to apply the broker "
        "configuration of this covenant."
    )


def unknown_key() -> BrokerError:
    """Connected, but not let in."""
    return BrokerError(
        "The broker does not let this transport key in; its operator has to apply the broker configuration of this "
        "covenant."
    )


def not_trusted() -> BrokerError:
    """TLS failed: another party, an expired certificate, or a wrong host name."""
    return BrokerError(
        "The broker cannot prove with its TLS certificate who it is; check its certificate, its host name and the "
        "authority in the settings."
    )


def not_prepared() -> BrokerError:
    """No stream or consumer listens there."""
    return BrokerError("The broker has no stream or consumer for that; its operator has to run the broker set-up.")


def too_large(size: int, limit: int) -> BrokerError:
    """More bytes than one message may have."""
    return BrokerError("A message of {size} bytes is larger than the broker takes ({limit}).", size=size, limit=limit)


def is_no_responders(headers: dict[str, str] | None) -> bool:
    """Whether the reply is the server's own word that nobody serves the subject."""
    return headers is not None and headers.get("Status") == _NO_RESPONDERS


def parse(reply: bytes) -> dict[str, Any]:
    """The JSON object in a JetStream reply.

    Raises:
        BrokerError: It is none.
    """
    try:
        parsed = json.loads(reply)
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict):
        raise BrokerError("The broker gave an answer that is not JetStream's; check the address in the settings.")
    return parsed


def error_code(reply: dict[str, Any]) -> int:
    """JetStream's ``err_code`` in ``reply``; 0 when it is a success, -1 when an error has no number."""
    error = reply.get("error")
    if error is None:
        return 0
    code = error.get("err_code") if isinstance(error, dict) else None
    return code if isinstance(code, int) and code > 0 else -1


def check(reply: bytes) -> dict[str, Any]:
    """The parsed ``reply`` when it reports success.

    Raises:
        BrokerError: It reports an error: full, too large, not prepared, or a code.
    """
    parsed = parse(reply)
    code = error_code(parsed)
    if code == 0:
        return parsed
    if code in _FULL or (code == _STORE_FAILED and "maximum" in str(parsed["error"].get("description"))):
        raise BrokerError("The broker is full for this recipient; the message waits until frames have been collected.")
    if code == _TOO_LARGE:
        raise BrokerError("The message is larger than this stream of the broker takes.")
    if code == _STREAM_NOT_FOUND:
        raise not_prepared()
    raise BrokerError("The broker could not store or delete (its code is {code}); it will be tried again.", code=code)


def already_gone(reply: bytes) -> bool:
    """Whether a delete was refused because no such message exists any more, which is what was wanted."""
    parsed = parse(reply)
    if error_code(parsed) != _NO_SUCH_MESSAGE:
        return False
    description = str(parsed["error"].get("description"))
    return "no message found" in description or "EOF" in description or "deleted message" in description
