"""Recipes are read strictly."""

from __future__ import annotations

from pathlib import Path

import pytest

from supreme_ecg.errors import RecipeError
from supreme_ecg.models.fusion import DecoderConfig
from supreme_ecg.models.loading import SELF_SUPERVISED
from supreme_ecg.training.recipe_file import find_recipe, read_recipe

PACKAGED = {
    "supreme_ptb_xl_100hz": "supreme",
    "supreme_ptb_xl_100hz_confirmed": "supreme",
    "supreme_mimic_iv_ecg": "supreme",
    "smoke": "supreme",
    "etp_ptb_xl_100hz": "etp",
    "merl_ptb_xl_100hz": "merl",
    **{f"{method}_ptb_xl_100hz": method for method in SELF_SUPERVISED},
}
LEAST = '[data]\ncorpus = "ptb_xl"\n[encoder]\nname = "resnet"\n[schedule]\nname = "cosine"\n'


@pytest.fixture
def least(tmp_path: Path) -> Path:
    path = tmp_path / "least.toml"
    path.write_text(LEAST)
    return path


@pytest.mark.parametrize("name", PACKAGED)
def test_every_packaged_recipe_is_valid(name: str) -> None:
    """Each is found by its name, read without complaint, and of the method that it should be."""
    assert read_recipe(find_recipe(name)).method.name == PACKAGED[name]


def test_no_packaged_recipe_is_untested() -> None:
    """The list above is the folder's content."""
    assert {path.stem for path in find_recipe("smoke").parent.glob("*.toml")} == set(PACKAGED)


def test_the_papers_recipe_has_the_papers_sizes() -> None:
    """ViT-tiny, MedCPT by its first token, a 768-wide interacting fusion network, 500 Hz."""
    recipe = read_recipe(find_recipe("supreme_mimic_iv_ecg"))
    fusion = recipe.method.fusion
    assert isinstance(fusion, DecoderConfig)
    assert (recipe.encoder.name, recipe.data.sampling_rate_hz) == ("vit", 500)
    assert (fusion.width, fusion.layers, fusion.interacting_queries) == (
        768,
        4,
        True,
    )
    assert recipe.text_encoder.pooling == "first"


def test_an_override_is_a_line_of_toml(least: Path) -> None:
    """It wins over the file, number formats such as 3e-4 included."""
    recipe = read_recipe(
        least, overrides=["training.learning_rate=3e-4", 'encoder.name="vit"', "data.folds=[1, 2]"]
    )
    assert recipe.training.learning_rate == 3e-4
    assert recipe.encoder.name == "vit"
    assert recipe.data.folds == (1, 2)


@pytest.mark.parametrize(
    ("addition", "message"),
    [
        ("[training]\nlearning_rat = 1", "Did you mean 'learning_rate'"),
        ("[trainning]\nepochs = 1", "Did you mean 'training'"),
        ("[labels]\nuncertain = 'guessed'", "'guessed'"),
        ("[training]\nepochs = 0", "training.epochs"),
        ("[training]\nepochs = 'many'", "training.epochs"),
        ("[training\nepochs = 1", "valid TOML"),
    ],
)
def test_a_wrong_recipe_is_refused_with_the_place(least: Path, addition: str, message: str) -> None:
    """Unknown keys name the nearest known one; wrong values name the key."""
    least.write_text(LEAST + addition)
    with pytest.raises(RecipeError, match=message):
        read_recipe(least)


def test_a_key_of_another_encoder_is_refused(least: Path) -> None:
    """A ResNet has no patch size."""
    with pytest.raises(RecipeError, match=r"encoder\.patch_samples"):
        read_recipe(least, overrides=["encoder.patch_samples=50"])


def test_a_method_by_override_starts_from_its_own_defaults(least: Path) -> None:
    """And takes its own keys; one of another method, or an unknown method, is refused with the place."""
    recipe = read_recipe(
        least, overrides=['method={name="merl", heads=2}', 'method.contrast.loss="sigmoid"']
    )
    assert (recipe.method.name, recipe.method.heads, recipe.method.width) == ("merl", 2, 256)
    assert (recipe.method.contrast.loss, recipe.method.contrast.temperature) == ("sigmoid", 0.07)
    with pytest.raises(RecipeError, match=r"method\.heads"):
        read_recipe(least, overrides=['method={name="etp", heads=2}'])
    with pytest.raises(RecipeError, match=r"method\.contrast\.temperatur"):
        read_recipe(least, overrides=['method={name="etp"}', "method.contrast.temperatur=1"])
    with pytest.raises(RecipeError, match="'clip'"):
        read_recipe(least, overrides=['method={name="clip"}'])


def test_an_unknown_name_lists_the_packaged_recipes() -> None:
    """The error names all of them."""
    with pytest.raises(
        RecipeError, match="etp_ptb_xl_100hz, merl_ptb_xl_100hz, moco_v3_ptb_xl_100hz, simclr"
    ):
        find_recipe("supreme_ptbxl")


def test_a_missing_section_is_named(tmp_path: Path) -> None:
    """A recipe must say which encoder it trains."""
    path = tmp_path / "r.toml"
    path.write_text('[data]\ncorpus = "ptb_xl"\n[schedule]\nname = "cosine"\n')
    with pytest.raises(RecipeError, match="encoder"):
        read_recipe(path)


def test_a_recipe_may_extend_another(least: Path, tmp_path: Path) -> None:
    """It says only what differs; a section that changes its kind starts afresh."""
    own = tmp_path / "own.toml"
    own.write_text(f'extends = "{least}"\n[data]\nfolds = [3]\n[schedule]\nname = "cycles"\n')
    recipe = read_recipe(own, overrides=["training.epochs=4"])
    assert (recipe.data.corpus, recipe.data.folds) == ("ptb_xl", (3,))
    assert (recipe.schedule.name, recipe.encoder.name) == ("cycles", "resnet")


def test_a_recipe_may_extend_a_file_beside_it(
    least: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever the command is given, and whatever lies there; the file that errs is the one named."""
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "shared.toml").write_text(least.read_text())
    own = tmp_path / "recipes" / "own.toml"
    own.write_text('extends = "shared.toml"\n[training]\nepochs = 3\n')
    (tmp_path / "shared.toml").write_text("no recipe")
    monkeypatch.chdir(tmp_path)
    assert read_recipe(own).training.epochs == 3
    (tmp_path / "recipes" / "shared.toml").write_text(least.read_text() + "[labels]\nminimum = 3\n")
    with pytest.raises(RecipeError, match=r"^shared\.toml, labels\.minimum"):
        read_recipe(own)


@pytest.mark.parametrize(
    "overrides",
    [
        ['schedule={name="cosine"}'],
        ['schedule={name="cycles", cycles=1}', 'method={name="simclr"}'],
    ],
)
def test_a_mean_needs_cycles_and_an_encoder_whose_statistics_are_all(
    least: Path, overrides: list[str]
) -> None:
    """Without cycles it would be the last epoch; a projector's statistics are not taken anew."""
    with pytest.raises(RecipeError, match=r"training\.keep.*\"best\" or \"last\""):
        read_recipe(least, overrides=[*overrides, 'training.keep="mean"'])


def test_what_is_stored_says_the_precision_of_this_machine(
    least: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a run does not go on in another arithmetic elsewhere."""
    monkeypatch.setattr("supreme_ecg.training.recipe.choose_precision", lambda _: "bf16-mixed")
    resolved = read_recipe(least, overrides=['training.precision="auto"']).resolved()
    assert resolved.to_json()["training"]["precision"] == "bf16-mixed"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("extends = 3", "or the name of a packaged recipe"),
        ('extends = "supreme_ptbxl"', "neither"),
        ('extends = "supreme_ptb_xl_100hz_confirmed"', "extends no other"),
    ],
)
def test_a_wrong_extension_is_refused(tmp_path: Path, line: str, message: str) -> None:
    """No name, an unknown one, or a recipe that extends a third."""
    own = tmp_path / "own.toml"
    own.write_text(line)
    with pytest.raises(RecipeError, match=message):
        read_recipe(own)


def test_cycles_must_divide_the_epochs(least: Path) -> None:
    """A cycle that ends within an epoch has no weights to average."""
    with pytest.raises(RecipeError, match=r"schedule\.cycles.*divides training\.epochs, 5"):
        read_recipe(least, overrides=['schedule={name="cycles"}', "training.epochs=5"])
