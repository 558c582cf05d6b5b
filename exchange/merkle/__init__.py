"""How the past is proven: the RFC 6962 tree and C2SP checkpoints."""
