"""A recipe: everything that decides how a model is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from supreme_ecg.errors import WeightsError
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
from supreme_ecg.training.loss import BinaryCrossEntropyConfig, LossConfig
from supreme_ecg.training.precision import Precision, choose_precision
from supreme_ecg.training.schedule import ScheduleConfig

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
    loss: Annotated[LossConfig, Field(discriminator="name")] = field(
        default_factory=BinaryCrossEntropyConfig
    )
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


def recipe_of(manifest: Mapping[str, Any], *, where: object) -> Recipe:
    """The recipe that weights were trained with.

    Args:
        manifest: Of the weights.
        where: For the error.

    Raises:
        WeightsError: The weights do not say, or it is of another version.
    """
    try:
        recipe: Recipe = TypeAdapter(Recipe).validate_python(manifest["recipe"])
    except (KeyError, ValidationError) as error:
        raise WeightsError(
            where,
            expected="weights that hold the recipe they were trained with",
            found=f"none that this version can read ({type(error).__name__})",
            remedy="Train them with `supreme pretrain` of this version.",
        ) from error
    return recipe
