"""What a project says of its packages, and what those are: declared, pinned, installed, known to others."""
