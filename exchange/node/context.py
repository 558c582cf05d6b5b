"""What every use case stands on: one bundle of the node's own parts, made once by the composition root."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from exchange.crypto.signing import Ed25519Key, MLDSAKey
from exchange.node.covenants import Covenants, Partner
from exchange.node.ports import Clock
from exchange.store.ledger import Ledger
from exchange.store.log import Log
from exchange.store.side import SideStore
from exchange.store.vault import Vault

if TYPE_CHECKING:
    from exchange.node.factbook import Factbook
    from exchange.node.partners import Partners
    from exchange.node.people import People
    from exchange.node.prekeys import Prekeys
    from exchange.node.writer import Writer


@dataclass(frozen=True)
class NodeKeys:
    """The private halves this node works with. The root key is not among them: it stays offline."""

    sign: Ed25519Key
    log: Ed25519Key
    log_pq: MLDSAKey
    witness: MLDSAKey
    requests: bytes
    """Names idempotency keys in the log, so that nobody without this node's keys can check a guess at one."""


@dataclass
class Context:
    """The parts of a running node."""

    me: Partner
    keys: NodeKeys
    covenants: Covenants
    clock: Clock
    log: Log
    vault: Vault
    ledger: Ledger
    side: SideStore
    people: People
    facts: Factbook
    partners: Partners
    prekeys: Prekeys
    writer: Writer
    release: str
    build: str
    settled: int
    """Pending vault keys that this start destroyed."""
    anchor_kind: str

    def close(self) -> None:
        """Close every file; the writer must have ended."""
        self.ledger.close()
        self.side.close()
        self.log.close()
        self.vault.close()
