"""Python code as text and syntax: described, mended and spliced without running it and without a model."""
