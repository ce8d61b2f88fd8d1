"""Which top-level names can be imported: of the standard library, and of distributions."""

import re
import sys
from pathlib import Path

_REMOVED = {
    (3, 12): {"asynchat", "asyncore", "distutils", "imp", "smtpd"},
    (3, 13): {
        *(
            "aifc",
            "audioop",
            "cgi",
            "cgitb",
            "chunk",
            "crypt",
            "imghdr",
            "lib2to3",
            "mailcap",
            "msilib",
            "nis",
        ),
        *("nntplib", "ossaudiodev", "pipes", "sndhdr", "spwd", "sunau", "telnetlib", "uu", "xdrlib"),
    },
}
_ADDED = {(3, 14): {"annotationlib", "compression"}}
_IMPORTED_AS = {
    "attrs": ("attr", "attrs"),
    "beautifulsoup4": ("bs4",),
    "biopython": ("Bio",),
    "discord-py": ("discord",),
    "django-rest-framework": ("rest_framework",),
    "djangorestframework": ("rest_framework",),
    "email-validator": ("email_validator",),
    "faiss-cpu": ("faiss",),
    "gitpython": ("git",),
    "google-cloud-storage": ("google",),
    "grpcio": ("grpc",),
    "markdown-it-py": ("markdown_it",),
    "msgpack-python": ("msgpack",),
    "mysqlclient": ("MySQLdb",),
    "opencv-python": ("cv2",),
    "opencv-python-headless": ("cv2",),
    "pillow": ("PIL",),
    "protobuf": ("google",),
    "psycopg2-binary": ("psycopg2",),
    "pycryptodome": ("Crypto",),
    "pyjwt": ("jwt",),
    "pymupdf": ("fitz", "pymupdf"),
    "pynacl": ("nacl",),
    "pyopenssl": ("OpenSSL",),
    "pyserial": ("serial",),
    "python-dateutil": ("dateutil",),
    "python-docx": ("docx",),
    "python-dotenv": ("dotenv",),
    "python-frontmatter": ("frontmatter",),
    "python-jose": ("jose",),
    "python-multipart": ("multipart", "python_multipart"),
    "python-pptx": ("pptx",),
    "pyyaml": ("yaml",),
    "pyzmq": ("zmq",),
    "ruamel-yaml": ("ruamel",),
    "scikit-image": ("skimage",),
    "scikit-learn": ("sklearn",),
    "setuptools": ("setuptools", "pkg_resources"),
    "typing-extensions": ("typing_extensions",),
    "websocket-client": ("websocket",),
}
_TEST_TOOLS = {"pytest", "_pytest", "py", "iniconfig", "packaging", "pluggy", "pygments"}
"""They lie beside a project's packages so that its tests can run; it must not lean on them undeclared."""
_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")


def canonical(requirement: str) -> str:
    """The normalised distribution name (PEP 503) of a requirement; empty if it names none."""
    found = _NAME.match(requirement)
    return re.sub(r"[-_.]+", "-", found[1]).lower() if found else ""


def standard_library(python: str) -> set[str]:
    """Top-level modules of the standard library of Python `python` (such as `3.12`)."""
    target = tuple(int(part) for part in python.split(".")[:2])
    names = set(sys.stdlib_module_names)
    for since, removed in _REMOVED.items():
        names = names - removed if target >= since else names | removed
    for since, added in _ADDED.items():
        names = names | added if target >= since else names - added
    return names


def import_names(packages: tuple[str, ...], folder: Path | None) -> set[str]:
    """What `packages` bring: by what lies in `folder`, else by what their names say."""
    names: set[str] = set()
    for package in packages:
        name = canonical(package)
        names.update(_IMPORTED_AS.get(name, (name.replace("-", "_"), name.replace("-", ""))))
    return names | (_top_level(folder) - _TEST_TOOLS if folder else set())


def suggestions() -> dict[str, str]:
    """For names that differ from their distribution's: which package would have to be declared."""
    return {
        imported: f"it comes with `{package}`, which is not among the declared packages"
        for package, names in _IMPORTED_AS.items()
        for imported in names
    }


def brought_by(imported: str) -> str:
    """The distribution that brings a module of another name; empty if that is not known."""
    return next((package for package, names in _IMPORTED_AS.items() if imported in names), "")


def _top_level(folder: Path) -> set[str]:
    names = set()
    for entry in folder.iterdir():
        name = entry.name.partition(".")[0]
        importable = entry.is_dir() or entry.suffix in {".py", ".so", ".pyd"}
        if name.isidentifier() and importable and entry.suffix not in {".dist-info", ".data"}:
            names.add(name)
    return names
