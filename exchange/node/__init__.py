"""What the node does: the use cases, the writer, inbox, outbox, retention."""
