"""Validators kept warm: language servers of other tools, as children of ours.

A tool that starts anew for every key stroke is never live. Here the mesh is a client of the same protocol
that editors speak to it.
"""
