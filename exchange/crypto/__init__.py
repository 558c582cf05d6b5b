"""How secrets are kept: keys, sealing at rest, the envelope in flight, prekeys, vault cryptography."""
