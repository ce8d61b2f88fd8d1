"""The capsule: a project, its manifest and its evidence, stored, packed, verified and unpacked.

- `manifest`: what a capsule is, and its id.
- `store`: every capsule of a user, content-addressed, with versions.
- `archive`: `.qlcapsule`, zip and tar.gz, the same bytes for the same capsule.
- `verify`: recomputes every digest.
- `project`: writes a capsule's files into a folder.
"""
