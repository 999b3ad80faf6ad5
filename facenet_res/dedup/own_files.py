"""Which files in a folder are an earlier run's, so that no run takes them for the user's.

A folder of results may lie among the photos, an older one than this run's output folder too. Only
our own files in it are passed over: whatever else somebody keeps there is looked at.
"""

from collections.abc import Set
from fnmatch import fnmatchcase
from typing import Final

LOCK_NAME: Final = "dedup.lock"

# Any of these sets shows that a run had its output here: the whole of it, or the report alone.
_SIGNS: Final = (
    frozenset({"scan.jsonl", "scan_skipped.jsonl"}),
    frozenset({"report.html", "report.json", "groups.csv", "summary.txt"}),
)
_OWN: Final = (
    *("scan.jsonl", "scan_skipped.jsonl", "scan_others.jsonl", "faces_model.jsonl", "groups.jsonl"),
    *("report_files", "groups.parquet", "decisions.jsonl", "applied.jsonl"),
    *(LOCK_NAME, "hashes", "fingerprints-????????", "faces-????????", "judgements-?", "copies"),
    *("report.html", "report.json", "groups.csv", "summary.txt"),
)


def has_results(names: Set[str]) -> bool:
    """Whether a folder with entries of these names holds the results of a run."""
    return any(sign <= names for sign in _SIGNS)


def is_own(name: str) -> bool:
    """Whether an entry of a folder of results is ours."""
    return any(fnmatchcase(name, pattern) for pattern in _OWN)
