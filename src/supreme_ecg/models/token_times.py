"""Where in time an encoder's tokens lie."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

from supreme_ecg.models.encoder import EncoderConfig
from supreme_ecg.models.resnet import ResNetConfig
from supreme_ecg.preprocessing.contract import SignalContract


def token_times_s(
    config: EncoderConfig, *, contract: SignalContract, tokens: int
) -> Float[np.ndarray, " token"]:
    """Middle of the stretch that each token is made around.

    Args:
        config: The encoder's.
        contract: Of the windows that it reads.
        tokens: Tokens that it makes of a window.

    Returns:
        Seconds from the start of the window, rising. A ResNet's token looks further than to its
        neighbours (over most of the window in principle): the middle is where it looks most.
    """
    if not isinstance(config, ResNetConfig):
        samples = (np.arange(tokens) + 0.5) * config.patch_samples
    else:  # every halving keeps samples 0, 2, 4, ..., each seen with as much before as after it
        stride = 2 ** math.ceil(math.log2(contract.samples / tokens))
        samples = np.arange(tokens, dtype=float) * stride
    return samples / contract.sampling_rate_hz
