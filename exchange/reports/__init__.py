"""What people read, in Dutch (English second)."""
