"""The eight patterns, as they are in this engine: what each does, what it costs, and which are not built.

A pattern is a technique that a measurement can refuse. One that no code stands for is listed, so that nobody
looks for it in vain, and is never switched on.
"""

from dataclasses import dataclass

from ..types import PatternName

META_LEARNING: PatternName = "meta-learning"
UNCERTAINTY: PatternName = "uncertainty"
ABSTRACTION: PatternName = "abstraction"
DIALECTICAL: PatternName = "dialectical"

SAMPLE_UNITS = 0.37
"""One unit is the time of one more answer to a file. Answers of a batch share the reading of the prompt and
of the model's weights: four at once took as long as 2.1 one by one."""


@dataclass(frozen=True)
class Pattern:
    name: PatternName
    idea: str
    pays_when: str
    here: str = ""
    """What stands for it in this engine; empty where nothing does."""
    missing: str = ""
    """Why there is nothing, and what happens in its place."""
    units: float = 0.0
    """What it costs for a file; for `uncertainty` for each answer beyond the first."""
    needs: tuple[PatternName, ...] = ()
    sources: tuple[str, ...] = ()
    follows: PatternName | None = None
    """It has no switch of its own: it is on whenever this one is."""

    @property
    def built(self) -> bool:
        return bool(self.here)


PATTERNS: tuple[Pattern, ...] = (
    Pattern(
        name=ABSTRACTION,
        idea="Names, signatures and types first, then bodies.",
        pays_when="several names or files must agree",
        here="each file is written into a skeleton of what it defines; off, the model gets the brief alone",
        units=0.1,
        sources=("arXiv 2310.06117", "arXiv 2212.10561"),
    ),
    Pattern(
        name="emergent",
        idea="Failures that come again are clustered and become notes and checks.",
        pays_when="there is a memory of failures",
        missing="failures are not remembered across runs",
    ),
    Pattern(
        name=META_LEARNING,
        idea="What came of earlier runs decides which patterns the next one uses.",
        pays_when="briefs of a kind come again",
        here="Thompson sampling over recorded runs; off, only the measured prior decides",
        sources=("Agrawal and Goyal, 2013",),
    ),
    Pattern(
        name=UNCERTAINTY,
        idea="Several answers are sampled, run, and compared by what they do; the best supported is used.",
        pays_when="the brief leaves something open, or the model is not sure",
        here="answers are drawn as a batch and elected by running them; off, one answer is used",
        units=SAMPLE_UNITS,
        sources=("arXiv 2207.10397", "arXiv 2204.11454", "arXiv 2506.11021"),
    ),
    Pattern(
        name="constraint",
        idea="Limits of the brief are solved for conflicts before anything is written.",
        pays_when="a brief states many limits",
        missing="no solver looks at limits; contradictions in examples, signatures and packages are told",
    ),
    Pattern(
        name="semantic",
        idea="Meaning, not only imports, decides which code is shown to the model.",
        pays_when="there is a code base already",
        missing="a file's prompt shows what the plan says it depends on",
    ),
    Pattern(
        name=DIALECTICAL,
        idea="Candidates that disagree are put to inputs in which they differ.",
        pays_when="several candidates pass the same checks",
        here="calls that claim nothing are made from checks, and candidates compared by what they show",
        units=0.1,
        needs=(UNCERTAINTY,),
        sources=("arXiv 2502.14382",),
    ),
    Pattern(
        name="quantum",
        idea="Candidates as amplitudes that tests amplify, and a measurement that elects one; classical.",
        pays_when="there are many candidates and unreliable tests",
        missing="elections weigh agreement by its root (CodeT), the plain method it would have to beat",
    ),
)
BUILT = tuple(pattern for pattern in PATTERNS if pattern.built)


def pattern(name: str) -> Pattern:
    return next(one for one in PATTERNS if one.name == name)
