"""The protocol that every ECG encoder meets: window -> tokens."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional


@runtime_checkable
class Encoder(Protocol):
    """A torch module that turns a window into tokens along time."""

    width: int
    """Numbers in a token."""

    def __call__(self, signal: Float[Tensor, "batch lead time"]) -> Float[Tensor, "batch token w"]:
        """Encode millivolts into tokens in the order of time.

        Args:
            signal: Millivolts in the contract's lead order; a lead or sample that was not recorded
                is exactly 0, which no recorded lead ever is for long.

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
