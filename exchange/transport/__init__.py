"""The only place that imports nats."""
