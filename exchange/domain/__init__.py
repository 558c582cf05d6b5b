"""What is true. Pure: the standard library and pydantic; no clock, no randomness, no I/O, no keys."""
