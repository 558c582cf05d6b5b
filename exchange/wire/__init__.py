"""What partners see: message models and the strict codec; schemas/ is generated from here."""
