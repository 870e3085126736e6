"""The words of the model card; its figures come from JSON (`model_card.py`)."""

from __future__ import annotations

from typing import Final

FRONT_MATTER: Final = """\
---
license: apache-2.0
library_name: supreme-ecg
pipeline_tag: zero-shot-classification
language:
- en
- de
- sv
datasets:
- ptb-xl
tags:
- ecg
- electrocardiography
- cardiology
- zero-shot
- medical
- research-only"""

SUMMARY: Final = """\
<!-- Made by benchmarks/model_card.py; do not edit. -->

Answers questions in words about a 12-lead ECG, such as "left bundle branch block" or "atrial
fibrillation", with a probability each. An ECG encoder and a fusion network with text queries (SuPreME,
Cai et al. 2025, arXiv 2502.19668; what differs is said in the package's source), trained on the signals
and the *reports* of PTB-XL.

**Research software. Not a medical device, not for diagnosis.**
"""

USE: Final = """\
## Use

```sh
supreme ask ecg.hea "atrial fibrillation" "LBBB" --weights {name}
```

```python
from supreme_ecg import SuPreME

model = SuPreME.from_pretrained("{name}")
```

Meant for research: finding ECGs by description, comparing pre-training methods, teaching, a starting
point for models that are then validated for their own purpose. Questions are best asked about findings
that an ECG report can contain; `warnings` in the answer say what was done to the signal and which
questions the model has not met.
"""

NOT_FOR: Final = """\
## Not to be used for

- Diagnosis, triage, monitoring, alarms, or any decision about a patient, also not as a second opinion.
- Ruling anything out: a low probability is no evidence of health.
- Emergencies (acute infarction, life-threatening arrhythmia): rare in the training data, and not
  validated.
- Children, and any population or device unlike those below, without a validation of one's own.
- Telling who a person is, or their age, sex or origin, from an ECG.
- Questions about what an ECG does not show (symptoms, drugs taken, prognosis): the answer would be a
  number without meaning.
"""

DATA: Final = """\
## Data

**PTB-XL 1.0.3**, licence [CC BY 4.0](https://creativecommons.org/licenses/by/4.0/). Attribution:

- Wagner, P., Strodthoff, N., Bousseljot, R.-D., Kreiseler, D., Lunze, F. I., Samek, W., Schaeffter, T.:
  PTB-XL, a large publicly available electrocardiography dataset. Scientific Data 7, 154 (2020).
  https://doi.org/10.1038/s41597-020-0495-6
- Wagner, P., Strodthoff, N., Bousseljot, R., Samek, W., Schaeffter, T.: PTB-XL (version 1.0.3). PhysioNet
  (2022). https://doi.org/10.13026/kfzx-aw45
- Goldberger, A. L. et al.: PhysioBank, PhysioToolkit, and PhysioNet. Circulation 101, e215-e220 (2000).

Changes made to it: signals at 100 Hz are stored as integers of one microvolt; labels are read from the
report texts by rules, after SCP codes that stand in them were cut. The weights contain no recording and
no report; the training manifest beside them holds, for each recording trained on, hashes of its id and of
its patient's id and a fingerprint of some sixty bytes, by which a copy of it is recognised (docs/guard.md).
External check: CPSC2018 (Liu et al. 2018, CC BY 4.0), never trained on. The text encoder is all-MiniLM-L6-v2
(Apache-2.0), packed, beside these weights in the package.
"""

TWO_RUNS: Final = """\
Two runs: the second starts from the weights of the first (SHA-256 `{weights}...`). {confirmed}
"""

CONFIRMED: Final = """\
In its last {epochs} epochs it draws only records whose report does not say that no reader confirmed it; its
loss is of such held-out reports, and not comparable with that of the first."""

AVERAGE: Final = """\
**Mean**: the weights are the mean of those of {runs} second runs, which differ in loss and seed alone
({named}): a "model soup" (Wortsman et al. 2022, arXiv 2203.05482). Batch statistics and the rows of trained
names were made anew by the recipe above ({minutes} minutes, {memory} GB of memory; held-out loss {loss}).
"""

DATES: Final = """\
**Dates and place**: recorded between October 1989 and June 1996 (Wagner et al. 2020); the dates in the
table run from {first} to {last} and so are no recording dates to rely on. Reports are German for the most
part, then English and Swedish. Ethnicity is not recorded.
"""

EVALUATION: Final = """\
## Evaluation

Zero-shot: classes are asked by plain descriptions, no labelled record is used. "In-domain" is the same
hospitals and devices as in training, other patients. Intervals: 95 %, patients resampled, 1,000 draws.
Settings were chosen on report-derived labels of held-out patients of folds 1-8; where fold 9 was in view
nevertheless, `docs/log.md` says so. Fold 10 was not used.
"""

LIMITS: Final = """\
## Limits

- Labels are what reports say. A finding that readers or devices overlook, or name otherwise, is learned
  as absent.
- Most classes in the tables name concepts that reports mention: they were seen in training, through text.
  Each table says which were not.
- Classes with few positives have wide intervals; under ten the number says little.
- One corpus and one maker of devices; analogue front ends and filters differ elsewhere.
- At 100 Hz nothing above 50 Hz is seen: pacemaker spikes, high-frequency notching and late potentials are
  lost.
- Similar words can be confused; ask in the usual terms, and compare with neighbours ("left", "right").
"""

CITATION: Final = """\
## Citation

Cai, M. et al.: SuPreME: A Supervised Pre-training Framework for Multimodal ECG Representation Learning.
Findings of EMNLP 2025, 11817-11844; arXiv 2502.19668. And PTB-XL, as under Data.
"""
