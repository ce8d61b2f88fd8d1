"""Signing: Ed25519 keys, and DSSE envelopes around what is signed.

One message and one key give one signature (RFC 8032 takes no chance), so a capsule that is signed again
by the same key has the same bytes. An envelope is taken only in the one spelling that is written here.
"""

import base64
import binascii
import functools
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from ..errors import CapsuleError
from ..types import Value
from .canonical import canonical, digest, parse

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

PAYLOAD_TYPE = "application/vnd.in-toto+json"
_LONGEST_PEM = 4096


class EnvelopeSignature(Value):
    keyid: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    sig: str


class Envelope(Value):
    """DSSE 1.0, with exactly one signature."""

    payload: str
    payloadType: Literal["application/vnd.in-toto+json"]
    signatures: Annotated[tuple[EnvelopeSignature, ...], Field(min_length=1, max_length=1)]


class Signer:
    """A private key, ready to sign."""

    def __init__(self, private: "Ed25519PrivateKey") -> None:
        self._private = private
        self.public = _public_pem(private.public_key())
        self.id = key_id(self.public)

    def seal(self, payload: bytes) -> bytes:
        """The envelope of `payload`, signed."""
        signature = EnvelopeSignature(keyid=self.id, sig=_encoded(self._private.sign(_signed_bytes(payload))))
        return canonical(
            Envelope(payload=_encoded(payload), payloadType=PAYLOAD_TYPE, signatures=(signature,))
        )


def new_private_key() -> bytes:
    """A new private key as PKCS #8 in PEM, without a password."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def load_signer(data: bytes, what: str) -> Signer:
    """Raises CapsuleError, which names `what` and shows nothing of it, if this is no private key."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    try:
        private = serialization.load_pem_private_key(data, password=None)
    except (ValueError, TypeError):
        raise CapsuleError(f"{what} is not a private key.", "Move it away: a new key is made then.") from None
    if not isinstance(private, Ed25519PrivateKey):
        raise CapsuleError(f"{what} is not an Ed25519 key.", "Move it away: a new key is made then.")
    return Signer(private)


def key_id(public: str) -> str:
    """SHA-256 of a public key's SubjectPublicKeyInfo (DER), in lower-case hexadecimal.

    Raises CapsuleError for anything but the PEM that is written here.
    """
    from cryptography.hazmat.primitives import serialization

    return digest(
        _public_key(public).public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )


def read_public_pem(text: str, what: str) -> str:
    """A public key that someone gave, spelt as it is spelt here. Raises CapsuleError for anything else."""
    if "PRIVATE KEY" in text:
        raise CapsuleError(
            f"{what} holds a private key.",
            "Ask for the public one, which `quantumlayer capsule keys export` writes; "
            "a private key that was sent around is no secret any more.",
        )
    return _public_pem(_loaded(text, what))


def unseal(data: bytes, public: str, what: str) -> bytes:
    """The payload of an envelope that the key `public` signed.

    Raises CapsuleError, beginning with `what`, for an envelope in another spelling or another signature.
    """
    from cryptography.exceptions import InvalidSignature

    envelope = parse(Envelope, data, what)
    (signature,) = envelope.signatures
    payload = _decoded(envelope.payload, what)
    if signature.keyid != key_id(public):
        raise CapsuleError(f"{what}: is signed by the key {signature.keyid}, which is not the one beside it")
    try:
        _public_key(public).verify(_decoded(signature.sig, what), _signed_bytes(payload))
    except InvalidSignature:
        raise CapsuleError(f"{what}: its signature does not fit what it signs") from None
    return payload


def _signed_bytes(payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding."""
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def _public_key(public: str) -> "Ed25519PublicKey":
    key = _loaded(public, "The public key")
    if _public_pem(key) != public:
        raise CapsuleError("The public key is not spelt as QuantumLayer spells it.")
    return key


@functools.lru_cache(maxsize=64)
def _loaded(text: str, what: str) -> "Ed25519PublicKey":
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        if len(text) > _LONGEST_PEM:
            raise ValueError("it is too long")
        key = serialization.load_pem_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise CapsuleError(f"{what} is not a public key in PEM.") from None
    if not isinstance(key, Ed25519PublicKey):
        raise CapsuleError(f"{what} is not an Ed25519 key.")
    return key


def _public_pem(key: "Ed25519PublicKey") -> str:
    from cryptography.hazmat.primitives import serialization

    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decoded(text: str, what: str) -> bytes:
    """Base64 in its one spelling: the bits that a lax reader ignores are zero."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise CapsuleError(f"{what}: holds something that is not base64") from None
    if _encoded(data) != text:
        raise CapsuleError(f"{what}: holds base64 in another spelling")
    return data
