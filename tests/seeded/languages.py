"""Every language with seeded defects. A new one is an entry here."""

from .defects import Language
from .python import python
from .texts import (
    c,
    dockerfile,
    go,
    java,
    javascript,
    json_files,
    shell,
    sql,
    toml_files,
    typescript,
    yaml_files,
)


def languages() -> tuple[Language, ...]:
    return (
        python(),
        json_files(),
        toml_files(),
        yaml_files(),
        javascript(),
        typescript(),
        shell(),
        dockerfile(),
        go(),
        java(),
        c(),
        sql(),
    )
