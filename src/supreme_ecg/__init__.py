"""Ask an ECG, in words, about any cardiac condition. Research software, not for diagnosis."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from supreme_ecg.concepts.table import ConceptTable
    from supreme_ecg.models.supreme import SuPreME
    from supreme_ecg.preprocessing.contract import SignalContract
    from supreme_ecg.preprocessing.window import Window, make_window
    from supreme_ecg.records.reading import read_record
    from supreme_ecg.records.record import Record
    from supreme_ecg.reports.rules import RuleExtractor
    from supreme_ecg.store.reading import Store

__version__ = version("supreme-ecg")

_HOME: Final = {
    "ConceptTable": "concepts.table",
    "Record": "records.record",
    "RuleExtractor": "reports.rules",
    "SignalContract": "preprocessing.contract",
    "Store": "store.reading",
    "SuPreME": "models.supreme",
    "Window": "preprocessing.window",
    "make_window": "preprocessing.window",
    "read_record": "records.reading",
}

__all__ = [
    "ConceptTable",
    "Record",
    "RuleExtractor",
    "SignalContract",
    "Store",
    "SuPreME",
    "Window",
    "__version__",
    "make_window",
    "read_record",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that ``import supreme_ecg`` stays light."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
