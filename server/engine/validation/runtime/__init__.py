"""The runtime stage: a project is loaded and its tests run in the sandbox, language by language."""
