"""The vocabulary: frozen values that rooms of the engine hand to each other.

Everything here is data. A `SourceFile` cannot hold an unsafe path, a `StageResult` that was
skipped says why, and an `Evidence` is what was observed, never what a model said of itself.
"""

from .asked import Brief, Candidate, Domain, LimitKind, Plan, PlannedFile, Traits, Usage
from .assisted import Authored, Help, Offer, Task, Wish, Written
from .capsules import (
    Capsule,
    CapsuleSummary,
    Evidence,
    FileEntry,
    Key,
    Manifest,
    Rerun,
    Seal,
    Signature,
    StageAgain,
    VerifyReport,
    VerifyStep,
)
from .clients import Check, Cleaned, ModelInfo, ToolSeat
from .files import Edit, Fix, OpenFile, Position, Range, SourceFile
from .findings import Finding, Related, Severity, Stage, StageResult, ToolRun, Verdict
from .making import Authorship, CandidateRecord, CheckRecord, Escalation, How, Moment, Region
from .patterns import BriefReading, PatternChoice, PatternName, PatternPage, PatternRecord, Selection
from .value import SafePath, Value, check_path

__all__ = [
    "Authored",
    "Authorship",
    "Brief",
    "BriefReading",
    "Candidate",
    "CandidateRecord",
    "Capsule",
    "CapsuleSummary",
    "Check",
    "CheckRecord",
    "Cleaned",
    "Domain",
    "Edit",
    "Escalation",
    "Evidence",
    "FileEntry",
    "Finding",
    "Fix",
    "Help",
    "How",
    "Key",
    "LimitKind",
    "Manifest",
    "ModelInfo",
    "Moment",
    "Offer",
    "OpenFile",
    "PatternChoice",
    "PatternName",
    "PatternPage",
    "PatternRecord",
    "Plan",
    "PlannedFile",
    "Position",
    "Range",
    "Region",
    "Related",
    "Rerun",
    "SafePath",
    "Seal",
    "Selection",
    "Severity",
    "Signature",
    "SourceFile",
    "Stage",
    "StageAgain",
    "StageResult",
    "Task",
    "ToolRun",
    "ToolSeat",
    "Traits",
    "Usage",
    "Value",
    "Verdict",
    "VerifyReport",
    "VerifyStep",
    "Wish",
    "Written",
    "check_path",
]
