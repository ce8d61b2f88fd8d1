"""The vocabulary: frozen values that rooms of the engine hand to each other.

Everything here is data. A `SourceFile` cannot hold an unsafe path, a `StageResult` that was
skipped says why, and an `Evidence` is what was observed, never what a model said of itself.
"""

from .asked import Brief, Candidate, Plan, PlannedFile, Traits, Usage
from .capsules import Capsule, CapsuleSummary, Evidence, FileEntry, Manifest, VerifyReport
from .clients import Check, Cleaned, ModelInfo, ToolSeat
from .files import Edit, Fix, OpenFile, Position, Range, SourceFile
from .findings import Finding, Related, Severity, Stage, StageResult, ToolRun, Verdict
from .making import Authorship, CandidateRecord, CheckRecord, How, Moment, Region
from .value import SafePath, Value, check_path

__all__ = [
    "Authorship",
    "Brief",
    "Candidate",
    "CandidateRecord",
    "Capsule",
    "CapsuleSummary",
    "Check",
    "CheckRecord",
    "Cleaned",
    "Edit",
    "Evidence",
    "FileEntry",
    "Finding",
    "Fix",
    "How",
    "Manifest",
    "ModelInfo",
    "Moment",
    "OpenFile",
    "Plan",
    "PlannedFile",
    "Position",
    "Range",
    "Region",
    "Related",
    "SafePath",
    "Severity",
    "SourceFile",
    "Stage",
    "StageResult",
    "ToolRun",
    "ToolSeat",
    "Traits",
    "Usage",
    "Value",
    "Verdict",
    "VerifyReport",
    "check_path",
]
