"""The forms in which text queries and ECG tokens meet, by configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from supreme_ecg.models.dot_product import DotProduct, DotProductConfig
from supreme_ecg.models.fusion import CardiacFusionNetwork, DecoderConfig
from supreme_ecg.models.linear_head import LinearHead, LinearHeadConfig
from supreme_ecg.models.pooling import PoolingConfig, QueriedPooling

FusionConfig = DecoderConfig | PoolingConfig | DotProductConfig | LinearHeadConfig
Fusion = CardiacFusionNetwork | QueriedPooling | DotProduct | LinearHead
_CONFIGS: Final[dict[str, type[FusionConfig]]] = {
    "decoder": DecoderConfig,
    "pooling": PoolingConfig,
    "dot_product": DotProductConfig,
    "linear": LinearHeadConfig,
}


def build_fusion_config(values: Mapping[str, Any]) -> FusionConfig:
    """Read the plain values of a configuration; its ``name`` says of which form."""
    return _CONFIGS[values["name"]](**values)


def build_fusion(config: FusionConfig, *, token_width: int, text_width: int) -> Fusion:
    """Make the fusion that a configuration describes, for these widths of tokens and text vectors."""
    match config:
        case PoolingConfig():
            return QueriedPooling(config, token_width=token_width, text_width=text_width)
        case DecoderConfig():
            return CardiacFusionNetwork(config, token_width=token_width, text_width=text_width)
        case DotProductConfig():
            return DotProduct(config, token_width=token_width, text_width=text_width)
        case LinearHeadConfig():
            return LinearHead(config, token_width=token_width, text_width=text_width)
