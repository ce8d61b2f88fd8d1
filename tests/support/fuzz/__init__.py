"""Strange editors: what they send, and what a server must make of it."""
