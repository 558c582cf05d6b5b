"""The one door: HTTP for the node's own organisation."""
