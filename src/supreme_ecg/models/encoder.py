"""The protocol that every ECG encoder meets: window -> tokens."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

from supreme_ecg.errors import ContractError
from supreme_ecg.models.lead_vit import LeadViT, LeadViTConfig
from supreme_ecg.models.resnet import ResNet1d, ResNetConfig
from supreme_ecg.models.vit import ViT1d, ViTConfig
from supreme_ecg.preprocessing.contract import SignalContract

EncoderConfig = ResNetConfig | ViTConfig | LeadViTConfig

_CONFIGS: Final[dict[str, type[EncoderConfig]]] = {
    "resnet": ResNetConfig,
    "vit": ViTConfig,
    "lead_vit": LeadViTConfig,
}


@runtime_checkable
class Encoder(Protocol):
    """A torch module that turns a window into tokens along time."""

    width: int
    """Numbers in a token."""

    def __call__(
        self,
        signal: Float[Tensor, "batch lead time"],
        sample_mask: Bool[Tensor, "batch time"] | None = None,
    ) -> Float[Tensor, "batch token w"]:
        """Encode millivolts into tokens in the order of time.

        Args:
            signal: Millivolts in the contract's lead order; a lead or sample that was not recorded
                is exactly 0, which no recorded lead ever is for long.
            sample_mask: True where the recording covers the sample, for encoders that average over
                time; None where it covers all.

        Returns:
            One vector of :attr:`width` numbers per stretch of time.
        """
        ...


def token_mask(
    sample_mask: Bool[Tensor, "batch time"], *, tokens: int
) -> Bool[Tensor, "batch token"]:
    """Tell which tokens see at least one recorded sample.

    Args:
        sample_mask: True where the recording covers the sample.
        tokens: Tokens that the encoder makes of these samples.

    Returns:
        True where the token's share of the window holds a recorded sample.
    """
    covered = functional.adaptive_max_pool1d(sample_mask.float(), tokens)
    return covered > 0


def build_encoder(config: EncoderConfig, *, contract: SignalContract) -> Any:
    """Make the encoder that a configuration describes, for windows of a contract."""
    leads = len(contract.leads)
    sizes = {key: value for key, value in asdict(config).items() if key != "name"}
    if isinstance(config, ResNetConfig):
        return ResNet1d(leads, **sizes)
    made = ViT1d if isinstance(config, ViTConfig) else LeadViT
    return made(leads, samples=contract.samples, **sizes)


def build_encoder_config(values: dict[str, Any]) -> EncoderConfig:
    """Read an encoder's configuration from the plain values of a description."""
    return _CONFIGS[values["name"]](**values)


def encode_windows(
    encoder: Encoder,
    signal: Float[Tensor, "batch lead time"],
    sample_mask: Bool[Tensor, "batch time"],
) -> tuple[Float[Tensor, "batch token w"], Bool[Tensor, "batch token"] | None]:
    """Encode windows into tokens.

    Returns:
        ECG tokens, and which of them saw a recorded sample (None: all).
    """
    if bool(sample_mask.all()):
        return encoder(signal), None
    tokens = encoder(signal, sample_mask)
    return tokens, token_mask(sample_mask, tokens=tokens.shape[1])


def window_tensors(
    signal: Float[np.ndarray, "batch lead time"],
    lead_mask: Bool[np.ndarray, "batch lead"],
    sample_mask: Bool[np.ndarray, "batch time"],
    *,
    contract: SignalContract,
    device: torch.device,
) -> tuple[Float[Tensor, "batch lead time"], Bool[Tensor, "batch time"]]:
    """Windows as an encoder takes them: 0 wherever the masks call them missing.

    Returns:
        Signal in float32 and sample mask, on the device.

    Raises:
        ContractError: The windows do not have the contract's leads and samples.
    """
    expected = (len(contract.leads), contract.samples)
    if signal.shape[1:] != expected:
        raise ContractError(
            "windows",
            expected=f"{expected[0]} leads and {expected[1]} samples, as the weights' contract says",
            found=f"{signal.shape[1]} and {signal.shape[2]}",
            remedy="Make them with make_window(record, model.contract).",
        )
    covered = signal * lead_mask[:, :, None] * sample_mask[:, None, :]
    return (
        torch.from_numpy(covered.astype(np.float32)).to(device),
        torch.from_numpy(sample_mask).to(device),
    )


def mean_token(
    tokens: Float[Tensor, "batch token width"], mask: Bool[Tensor, "batch token"] | None
) -> Float[Tensor, "batch width"]:
    """Mean over the tokens that saw a recorded sample."""
    if mask is None:
        return tokens.mean(dim=1)
    weight = mask.unsqueeze(-1).to(tokens.dtype)
    mean: Tensor = (tokens * weight).sum(dim=1) / weight.sum(dim=1).clamp(min=1.0)
    return mean
