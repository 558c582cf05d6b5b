"""The covenant exchange."""
