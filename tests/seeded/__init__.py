"""Defects put into real files on purpose, each with the stage that must find it.

`languages.languages` is the list: a language joins by one entry there, with its originals and its ways to
go wrong. `judging` asks the mesh about them. The same defects are made every time from the same files.
"""
