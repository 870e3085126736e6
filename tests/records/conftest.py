"""The wfdb library, the reference of these tests, warns of a pandas change when it is imported."""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import wfdb  # noqa: F401
