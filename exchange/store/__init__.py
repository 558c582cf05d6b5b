"""Where it is written: the append-only log, the vault, the views. The only place that imports eventsourcing."""
