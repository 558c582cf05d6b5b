"""The covenant exchange: one partner's node under a privacy covenant.

There are two ways through the house. A partner's message comes in:

    transport ─▶ wire ─▶ node.inbox ─▶ domain ─▶ store.log ─▶ receipt, then ack
     (bytes)    (types)   (checks)    (decides)   (facts)

and an own act goes out:

    cli, case system ─▶ api ─▶ node.commands ─▶ domain ─▶ store.log ─▶ node.outbox ─▶ wire ─▶ transport

Every fact is an event in the log first. Nothing is sent, shown, destroyed or reported except as a consequence of a stored event,
and a crash at any line is repaired by the normal code path at the next start. Views, checkpoints and retention follow the log.

Rooms, from the inside out; ``tests/test_layers.py`` holds who may import whom:

* :mod:`~exchange.domain`: what is true. Pure: covenant, gates, subjects, terms. Start at ``events.py`` and ``gates.py``.
* :mod:`~exchange.crypto`: how secrets are kept. :mod:`~exchange.merkle`: how the past is proven.
* :mod:`~exchange.wire`: what partners see. :mod:`~exchange.store`: where it is written.
* :mod:`~exchange.node`: what the node does. :mod:`~exchange.transport`: the door to the broker.
* :mod:`~exchange.api`: the door for the own organisation. :mod:`~exchange.reports`: what people read.
* ``app.py`` puts the rooms together; ``setup.py`` and ``ceremony.py`` found a node; ``cli`` talks to the API.
"""
