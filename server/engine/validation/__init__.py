"""The mesh: five stages of validators over one project."""
