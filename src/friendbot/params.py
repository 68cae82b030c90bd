"""params.yaml, typed: each stage reads its own section, and a mistake in it is one clear line."""

from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from friendbot.errors import ParamsError

Share = Annotated[float, Field(ge=0.01, le=0.4)]
Count = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Positive = Annotated[float, Field(gt=0)]
Name = Annotated[str, Field(pattern=r"\S")]


class Section(BaseModel):
    """One stage's params: every key required, none unknown, no type converted silently."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class ParseParams(Section):
    """What to read, and what the archive cannot say itself."""

    archive: Name
    owner: Name | None
    timezone: Name | None
    strict: bool
    legacy_reader: Literal["lxml", "fbcap"]


class FilterParams(Section):
    """Which thread, and how it is cut into sessions and splits."""

    friend: Name
    session_gap_hours: Positive
    valid_share: Share
    test_share: Share
    redact: bool
    phone_region: Name | None
    pseudonyms: dict[Name, Name]


class EncodeParams(Section):
    """How text becomes token ids."""

    tokenizer: Literal["char", "bpe"]
    vocabulary_size: Annotated[int, Field(ge=260)] | None


class ModelParams(Section):
    """The shape of the network: a size, and what of it is to be different; see `sizes.architecture`."""

    size: Literal["auto", "small", "medium", "large"]
    embedding: Count | None
    layers: Annotated[int, Field(ge=1, le=8)] | None
    units: Count | None
    dropout: Annotated[float, Field(ge=0, le=0.9)] | None


class TrainParams(Section):
    """How the network learns."""

    epochs: Annotated[int, Field(ge=1, le=9999)] | None
    batch_size: Count | None
    sequence_length: Annotated[int, Field(ge=2)]
    learning_rate: Positive
    weight_decay: Annotated[float, Field(ge=0)]
    bpe_dropout: Annotated[float, Field(ge=0, lt=1)] | None
    clip_norm: Positive
    patience: Count
    keep_checkpoints: Count
    precision: Literal["auto", "float32", "bfloat16"]
    threads: Count
    seed: Seed


class EvaluateParams(Section):
    """What is asked of the model."""

    turns: Annotated[int, Field(ge=0)]
    tuning_turns: Annotated[int, Field(ge=0)]
    seed: Seed


def _listed(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


Candidates = (Field(min_length=1), BeforeValidator(_listed))
"""One value, or a list of them for the evaluation to choose from."""


class DecodingParams(Section):
    """How answers are chosen, in the evaluation and then in the chat: see `sampling.Decoding`."""

    temperature: Annotated[list[Annotated[float, Field(ge=0, le=10)]], *Candidates]
    top_k: Annotated[int, Field(ge=0, le=1_000_000)]
    top_p: Annotated[list[Annotated[float, Field(gt=0, le=1)]], *Candidates]
    min_p: Annotated[list[Annotated[float, Field(ge=0, le=1)]], *Candidates]
    typical_p: Annotated[float, Field(gt=0, le=1)]
    repetition_window: Annotated[list[Annotated[int, Field(ge=0, le=4096)]], *Candidates]
    best_of: Annotated[int, Field(ge=1, le=16)]
    mmi: Annotated[float, Field(ge=0, le=1)]


class Params(Section):
    """All of params.yaml."""

    parse: ParseParams
    filter: FilterParams
    encode: EncodeParams
    model: ModelParams
    train: TrainParams
    evaluate: EvaluateParams
    decoding: DecodingParams

    @model_validator(mode="before")
    @classmethod
    def _sections_are_mappings(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            raise ParamsError("params.yaml holds no sections; `git restore params.yaml` brings the original back")
        return data


SECTIONS: dict[str, type[Section]] = {
    "parse": ParseParams,
    "filter": FilterParams,
    "encode": EncodeParams,
    "model": ModelParams,
    "train": TrainParams,
    "evaluate": EvaluateParams,
    "decoding": DecodingParams,
}


def load(path: Path = Path("params.yaml")) -> Params:
    """Read and check params.yaml.

    Raises:
        ParamsError: the file is missing or not YAML, or a key is missing, unknown (the nearest valid one is named),
            of the wrong type, or out of range.
    """
    try:
        # YAML 1.2, as DVC reads it: to PyYAML, a friend called No would be false, and 1e-3 a string.
        data = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ParamsError(f"{path} is not here; run this from the root of the repository") from None
    except (YAMLError, ValueError) as error:
        raise ParamsError(f"{path} is not valid YAML: {error}") from None
    try:
        return Params.model_validate(data)
    except ValidationError as error:
        raise ParamsError(f"{path}: {_explain(error)}") from None


def _explain(error: ValidationError) -> str:
    """The first mistake in a person's words; an unknown key comes first, since a misspelling makes one missing too."""
    mistakes = sorted(error.errors(), key=lambda mistake: mistake["type"] != "extra_forbidden")
    mistake = mistakes[0]
    where = ".".join(part for part in mistake["loc"] if isinstance(part, str))
    match mistake["type"]:
        case "extra_forbidden":
            return f"{where} is not a param; {_nearest(mistake['loc'])}"
        case "missing":
            return f"{where} is missing; `git diff params.yaml` shows what was changed"
        case "too_short":
            return f"{where} is an empty list; give a value, or several to choose from"
        case kind:
            hint = ""
            if kind in ("float_type", "int_type") and isinstance(mistake["input"], str):
                hint = " (a number without quotes)"
            elif kind == "string_type":
                hint = " (quote it)"
            words = mistake["msg"].removeprefix("Input should be ")
            return f"{where} should be {words}, but is {mistake['input']!r}{hint}"


def _nearest(location: tuple[int | str, ...]) -> str:
    """The nearest valid key to an unknown one: in its own section, else in any."""
    *section, key = (str(part) for part in location)
    own = [*SECTIONS[section[0]].model_fields] if section and section[0] in SECTIONS else [*SECTIONS]
    if close := get_close_matches(key, own, n=1):
        return f"did you mean {'.'.join([*section, close[0]])}?"
    elsewhere = [f"{name}.{field}" for name, fields in SECTIONS.items() for field in fields.model_fields]
    if close := [full for full in elsewhere if full.endswith(f".{key}")]:
        return f"did you mean {close[0]}?"
    return f"valid ones are {', '.join('.'.join([*section, field]) for field in own)}"
