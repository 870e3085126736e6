"""What each published label file holds: its place, its columns in their order, its number of rows.

Source:
    Liu et al., Zero-Shot ECG Classification with Multimodal Learning and Test-time Clinical
    Knowledge Enhancement (MERL), ICML 2024, arXiv 2403.06659: the folder ``finetune/data_split`` of
    its code, which later work copies. The files are MIT-licensed and not part of this package.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Final, Literal

from supreme_ecg.errors import TaskError

Split = Literal["train", "val", "test"]

SPLITS: Final[tuple[Split, ...]] = ("train", "val", "test")

_PTB_XL_COLUMNS: Final = ("ecg_id", "patient_id", "strat_fold", "filename_lr", "filename_hr")
_SUBCLASSES: Final = (
    "AMI LAFB/LPFB LVH STTC IMI SEHYP CRBBB WPW LAO/LAE NORM ISC AVB RAO/RAE LMI ISCI ISCA NST "
    "CLBBB ILBBB IRBBB PMI RVH IVCD"
)
_SUBCLASSES_OF_TRAINING: Final = _SUBCLASSES.replace("ISC AVB RAO/RAE", "AVB RAO/RAE ISC")


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedFiles:
    """The three files of one task."""

    task: str
    """Name of the package's task with the same classes."""
    place: str
    """Path below the folder of all files, ``{split}`` in place of the split."""
    about: tuple[str, ...]
    """Columns before the class columns, in their order."""
    record: str
    """Which of them tells the record."""
    classes: Mapping[Split, tuple[str, ...]]
    """Class columns in the order of each file. PTB-XL's names lack the underscores at their ends."""
    rows: Mapping[Split, int]
    """Records in each file."""

    @classmethod
    def of(cls, task: str) -> PublishedFiles:
        """The files of a task.

        Raises:
            TaskError: The literature has no files for it; the message names those that have.
        """
        if task in PUBLISHED:
            return PUBLISHED[task]
        near = get_close_matches(task, PUBLISHED, n=1, cutoff=0.4)
        raise TaskError(
            f"task {task!r}",
            expected=f"one with published label files ({', '.join(PUBLISHED)})",
            found="one without",
            remedy=f"Score it under the corrected protocol{f', or take {near[0]}' if near else ''}.",
        )

    def path(self, folder: Path, split: Split) -> Path:
        """Where the file of a split is below the folder of all files."""
        return folder / self.place.format(split=split)

    def columns(self, split: Split) -> tuple[str, ...]:
        """The header line of a split's file."""
        return (*self.about, *self.classes[split])

    def record_id(self, text: str) -> str | None:
        """The record id as this package writes it; None where ``text`` names no record.

        PTB-XL: five digits (``00001``). CPSC2018: ``A0001``. CSN: ``JS00001``, which the files
        give as a path.
        """
        match self.task:
            case "cpsc2018":
                is_one = len(text) == 5 and text[0] == "A" and text[1:].isdigit()
                return text if is_one else None
            case "csn":
                stem = text.rpartition("/")[2].removesuffix(".mat")
                is_one = len(stem) == 7 and stem.startswith("JS") and stem[2:].isdigit()
                return stem if is_one else None
            case _:
                return f"{int(text):05}" if text.isdigit() else None


def _ptb_xl(name: str, classes: str, rows: tuple[int, int, int]) -> PublishedFiles:
    training = _SUBCLASSES_OF_TRAINING if classes == _SUBCLASSES else classes
    return PublishedFiles(
        task=f"ptb_xl_{name.replace('_', '')}",
        place=f"ptbxl/{name}/ptbxl_{name}_{{split}}.csv",
        about=(*_PTB_XL_COLUMNS, name),
        record="ecg_id",
        classes={
            "train": tuple(training.split()),
            "val": tuple(classes.split()),
            "test": tuple(classes.split()),
        },
        rows=dict(zip(SPLITS, rows, strict=True)),
    )


def _other(
    task: str,
    folder: str,
    *,
    about: str,
    record: str,
    classes: str,
    rows: tuple[int, int, int],
) -> PublishedFiles:
    return PublishedFiles(
        task=task,
        place=f"{folder}/{folder}_{{split}}.csv",
        about=tuple(about.split()),
        record=record,
        classes=dict.fromkeys(SPLITS, tuple(classes.split())),
        rows=dict(zip(SPLITS, rows, strict=True)),
    )


PUBLISHED: Final[Mapping[str, PublishedFiles]] = {
    files.task: files
    for files in (
        _ptb_xl("super_class", "HYP NORM MI CD STTC", (17_084, 2_146, 2_158)),
        _ptb_xl("sub_class", _SUBCLASSES, (17_084, 2_146, 2_158)),
        _ptb_xl(
            "form",
            "PAC DIG HVOLT STD LPR QWAVE VCLVH NDT TAB LOWT ABQRS LNGQT PRC(S) NT STE NST PVC INVT "
            "LVOLT",
            (7_197, 901, 880),
        ),
        _ptb_xl(
            "rhythm",
            "SVARR BIGU STACH SARRH SBRAD TRIGU AFIB SR SVTAC PSVT AFLT PACE",
            (16_832, 2_100, 2_098),
        ),
        _other(
            "cpsc2018",
            "icbeb",
            about="patient_id ecg_id filename validation age sex scp_codes",
            record="filename",
            classes="AFIB VPC NORM 1AVB CRBBB STE PAC CLBBB STD",
            rows=(4_950, 551, 1_376),
        ),
        _other(
            "csn",
            "chapman",
            about="ecg_path age diagnose",
            record="ecg_path",
            classes="AQW UW SR WPW 2AVB AT VB ARS STTC SA STE VPB TWO STTU ALS APB 2AVB1 PRIE CCR CR AF AVB "
            "QTIE LBBB VEB SVT RBBB 1AVB STDD MI AFIB TWC PWC ERV RVH LVH ST JEB",
            rows=(16_546, 1_860, 4_620),
        ),
    )
}
"""Task -> its published files, in the order of the literature's tables."""
