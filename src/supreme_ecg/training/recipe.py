"""A recipe is a TOML file: everything that decides how a model is trained."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_type_hints

from pydantic import Field, TypeAdapter, ValidationError

from supreme_ecg.errors import RecipeError
from supreme_ecg.models.barlow_twins import BarlowTwinsConfig
from supreme_ecg.models.byol import BYOLConfig
from supreme_ecg.models.clocs import CLOCSConfig
from supreme_ecg.models.dual_encoder import DualEncoderParts
from supreme_ecg.models.encoder import EncoderConfig
from supreme_ecg.models.etp import ETPConfig
from supreme_ecg.models.merl import MERLConfig
from supreme_ecg.models.moco_v3 import MoCoV3Config
from supreme_ecg.models.self_supervised import SelfSupervisedConfig, SelfSupervisedParts
from supreme_ecg.models.simclr import SimCLRConfig
from supreme_ecg.models.simsiam import SimSiamConfig
from supreme_ecg.models.st_mem import STMEMConfig
from supreme_ecg.models.supreme import SuPreMEConfig, SuPreMEParts
from supreme_ecg.models.text_encoder import TextEncoderConfig
from supreme_ecg.preprocessing.contract import SignalContract
from supreme_ecg.training.augmentation import AugmentationConfig
from supreme_ecg.training.precision import Precision, choose_precision
from supreme_ecg.training.schedule import CyclesConfig, ScheduleConfig

MethodConfig = (
    SuPreMEConfig
    | ETPConfig
    | MERLConfig
    | SimCLRConfig
    | BYOLConfig
    | BarlowTwinsConfig
    | SimSiamConfig
    | MoCoV3Config
    | CLOCSConfig
    | STMEMConfig
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataConfig:
    """Which records are trained on, at which rate."""

    corpus: str
    """Name of the corpus that the store must hold."""
    folds: tuple[int, ...] | None = None
    """Folds trained on; None = every record of the store."""
    sampling_rate_hz: int = 100
    """Rate of the store's windows."""
    validation_share: Annotated[float, Field(gt=0, lt=1)] = 0.05
    """Share of the patients held out of training to stop by the pre-training loss."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelConfig:
    """How findings become labels."""

    minimum_count: Annotated[int, Field(ge=1)] = 20
    """Concepts with fewer records present are not trained on."""
    uncertain: Literal["masked", "half", "positive", "negative"] = "masked"
    """What a finding in doubt counts as: left out of the loss, 0.5, 1 or 0."""
    conclusions: bool = False
    """Add what all findings of a report say together (`concepts/conclusions.py`)."""
    hierarchy: bool = True
    """A concept that is said makes those above it true."""
    exclude: tuple[str, ...] = ()
    """Concepts that are not trained on, nor is any descendant of them, nor what ancestors inherit from
    them: what "unseen" is measured with."""
    synonym_share: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Share of batches in which a concept is asked by a synonym, not by its preferred name."""
    definition_share: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of batches in which it is asked by its definition instead of either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingConfig:
    """The loop."""

    epochs: Annotated[int, Field(ge=1)] = 12
    """Passes over the training records."""
    batch_size: Annotated[int, Field(ge=2)] = 64
    """Records in a step of one process."""
    confirmed_epochs: Annotated[int, Field(ge=0)] = 0
    """Last epochs that draw only records whose report does not say that no reader confirmed it, each as often
    as fills the epoch. SuPreME is then judged by such records, and the others count a quarter in the rows of
    trained names."""
    accumulate: Annotated[int, Field(ge=1)] = 1
    """Batches whose gradients make one optimiser step."""
    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    """Highest rate of AdamW."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    """Decoupled weight decay of AdamW."""
    gradient_clip: Annotated[float, Field(gt=0)] = 1.0
    """Largest norm of a step's gradient."""
    average_decay: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Decay per step of the moving average of the weights that is kept; 0 = the weights themselves."""
    precision: Precision = "auto"
    """Arithmetic of the forward pass; ``auto``: bf16-mixed where that is fast (`training/precision.py`)."""
    patience_epochs: Annotated[int, Field(ge=1)] = 5
    """Epochs without a lower validation loss after which training stops."""
    keep: Literal["best", "last", "mean"] = "best"
    """Weights that are kept: of the epoch with the lowest validation loss, of the last epoch, or the mean of
    those at the ends of the schedule's cycles (`training/averaging.py`); with either of the last two,
    training never stops early. A loss whose target moves cannot be compared between epochs."""
    seed: int = 0
    """Decides initial weights, order, augmentation, dropout and phrasing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A whole pre-training run."""

    data: DataConfig
    method: Annotated[MethodConfig, Field(discriminator="name")] = field(
        default_factory=SuPreMEConfig
    )
    encoder: Annotated[EncoderConfig, Field(discriminator="name")]
    text_encoder: TextEncoderConfig = field(default_factory=TextEncoderConfig)
    labels: LabelConfig = field(default_factory=LabelConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    schedule: Annotated[ScheduleConfig, Field(discriminator="name")]
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)

    def to_json(self) -> dict[str, Any]:
        """Plain values, stored with every checkpoint and compared at resume."""
        return asdict(self)

    def resolved(self) -> Recipe:
        """The recipe with what ``auto`` means on this machine: what is stored, and compared at resume."""
        precision = choose_precision(self.training.precision)
        return replace(self, training=replace(self.training, precision=precision))

    @property
    def contract(self) -> SignalContract:
        """What the windows are."""
        return SignalContract(sampling_rate_hz=self.data.sampling_rate_hz)

    @property
    def parts(self) -> SuPreMEParts | DualEncoderParts | SelfSupervisedParts:
        """What the model is built from."""
        if isinstance(self.method, SelfSupervisedConfig):
            return SelfSupervisedParts(
                contract=self.contract, method=self.method, encoder=self.encoder
            )
        if isinstance(self.method, SuPreMEConfig):
            return SuPreMEParts(
                contract=self.contract,
                method=self.method,
                encoder=self.encoder,
                text_encoder=self.text_encoder,
            )
        return DualEncoderParts(
            contract=self.contract,
            method=self.method,
            encoder=self.encoder,
            text_encoder=self.text_encoder,
        )


def find_recipe(name_or_path: str) -> Path:
    """Path of a packaged recipe by its name, or the path that was given.

    Raises:
        RecipeError: Neither; the packaged names are listed.
    """
    packaged = Path(str(files("supreme_ecg.training") / "recipes"))
    path = packaged / f"{name_or_path}.toml"
    if path.is_file():
        return path
    if Path(name_or_path).is_file():
        return Path(name_or_path)
    names = sorted(recipe.stem for recipe in packaged.glob("*.toml"))
    raise RecipeError(
        f"recipe {name_or_path!r}",
        expected=f"a TOML file or one of {', '.join(names)}",
        found="neither",
        remedy="Check the name or the path.",
    )


def read_recipe(path: Path, *, overrides: Sequence[str] = ()) -> Recipe:
    """Read and check a recipe.

    Args:
        path: TOML file.
        overrides: Lines such as ``training.learning_rate=3e-4``, each TOML itself.

    Raises:
        RecipeError: No such file, no TOML, an unknown key (the nearest is named) or a wrong value.
    """
    values = _read_extended(path)
    for line in overrides:
        _merge(values, _parse(line, where=f"--set {line}"))
    _refuse_unknown_keys(values, where=path)
    try:
        recipe: Recipe = TypeAdapter(Recipe).validate_python(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise RecipeError(
            f"{path}, {place}",
            expected=first["msg"],
            found=repr(first["input"]),
            remedy="Correct the value; each key is described in docs/recipes.md.",
        ) from error
    _require_cycles_that_can_be(recipe, where=path)
    return recipe


def _require_cycles_that_can_be(recipe: Recipe, *, where: object) -> None:
    schedule, epochs = recipe.schedule, recipe.training.epochs
    if recipe.training.keep == "mean" and (
        not isinstance(schedule, CyclesConfig) or isinstance(recipe.method, SelfSupervisedConfig)
    ):
        raise RecipeError(
            f"{where}, training.keep",
            expected='"best" or "last": a mean is of the ends of the cycles of supreme, etp or merl',
            found=f'"mean" with the schedule {schedule.name} and the method {recipe.method.name}',
            remedy='Choose another, or schedule.name = "cycles" with one of these methods.',
        )
    if isinstance(schedule, CyclesConfig) and epochs % schedule.cycles:
        raise RecipeError(
            f"{where}, schedule.cycles",
            expected=f"a number that divides training.epochs, {epochs}",
            found=str(schedule.cycles),
            remedy="Change either, so that every cycle ends with an epoch.",
        )


def _read_extended(path: Path) -> dict[str, Any]:
    """Values of a recipe, laid over those of the one that it ``extends``, if it does."""
    values = _parse(_text(path), where=path)
    base = values.pop("extends", None)
    if base is None:
        return values
    if not isinstance(base, str):
        raise RecipeError(
            f"{path}, extends",
            expected="a TOML file beside this one, or the name of a packaged recipe",
            found=repr(base),
            remedy='Write extends = "supreme_ptb_xl_100hz", say, above the first section.',
        )
    beside = path.parent / base
    extended = _parse(_text(beside if beside.is_file() else find_recipe(base)), where=base)
    if "extends" in extended:
        raise RecipeError(
            f"{path}, extends",
            expected="a recipe that extends no other",
            found=f"{base}, which extends {extended['extends']!r}",
            remedy="Extend that one, and repeat what differs.",
        )
    _refuse_unknown_keys(extended, where=base)
    _merge(extended, values)
    return extended


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(
            path,
            expected="a recipe in TOML",
            found=f"no readable file ({type(error).__name__})",
            remedy="Give the path of a recipe; the package's own are in `recipes/`.",
        ) from error


def _parse(text: str, *, where: object) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(
            where, expected="valid TOML", found=str(error), remedy="Correct that line."
        ) from error


def _merge(values: dict[str, Any], new: Mapping[str, Any]) -> None:
    """Lay new values over old ones; a section that changes its ``name`` starts afresh."""
    for key, value in new.items():
        old = values.get(key)
        if not isinstance(value, dict) or not isinstance(old, dict):
            values[key] = value
        elif value.get("name", old.get("name")) == old.get("name"):
            _merge(old, value)
        else:
            values[key] = value


def _refuse_unknown_keys(values: Mapping[str, Any], *, where: object) -> None:
    for prefix, given, known in _levels(values):
        for key in given:
            if key not in known:
                nearest = get_close_matches(key, known, n=1, cutoff=0.0)
                raise RecipeError(
                    f"{where}, {prefix}{key}",
                    expected=f"one of the keys {sorted(known)}",
                    found=f"unknown key {key!r}",
                    remedy=f"Did you mean {nearest[0]!r}?",
                )


def _levels(
    values: Mapping[str, Any], options: Sequence[Any] = (Recipe,), prefix: str = ""
) -> Iterator[tuple[str, Mapping[str, Any], set[str]]]:
    """Yield (prefix, given keys, known keys) of the recipe and of each section in it."""
    named = [option for option in options if _tag(option) == values.get("name")] or options
    hints = {key: hint for option in named for key, hint in get_type_hints(option).items()}
    yield prefix, values, set(hints)
    for key, hint in hints.items():
        inner = [option for option in (hint, *get_args(hint)) if is_dataclass(option)]
        if inner and isinstance(values.get(key), Mapping):
            yield from _levels(values[key], inner, f"{prefix}{key}.")


def _tag(section: Any) -> str | None:
    """The ``name`` that tells the members of a union apart."""
    return next((str(f.default) for f in fields(section) if f.name == "name"), None)
