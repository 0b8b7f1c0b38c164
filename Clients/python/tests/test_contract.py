"""The client's options and errors beside openapi.yaml: what one has, the other has."""

from __future__ import annotations

import re
from typing import Any, get_args, get_type_hints

import pytest

from styleloss import errors, options

from .conftest import ROOT

yaml = pytest.importorskip("yaml")

CONTRACT: dict[str, Any] = yaml.safe_load((ROOT / "openapi.yaml").read_text(encoding="utf-8"))
SCHEMAS: dict[str, Any] = CONTRACT["components"]["schemas"]


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ("LossOptions", options.LossOptions),
        ("FeatureLossOptions", options.FeatureLossOptions),
        ("FeatureGradientOptions", options.FeatureGradientOptions),
    ],
)
def test_every_option_of_the_contract_can_be_given(schema: str, kind: type) -> None:
    # `gradient` is what `gradient=True` asks for.
    assert set(get_type_hints(kind)) >= set(SCHEMAS[schema]["properties"]) - {"gradient"}


@pytest.mark.parametrize(
    ("schema", "literal"),
    [
        ("Range", options.Range),
        ("GramKind", options.Gram),
        ("ImageLayout", options.ImageLayout),
        ("FeatureLayout", options.FeatureLayout),
        ("OutOfRange", options.OutOfRange),
        ("MaskPolarity", get_type_hints(options.LossOptions)["mask_polarity"]),
        ("Precision", get_type_hints(options.LossOptions)["precision"]),
        ("GradientType", get_type_hints(options.LossOptions)["gradient_dtype"]),
        ("ResizeFilter", get_type_hints(options.LossOptions)["resize_filter"]),
    ],
)
def test_values_of_options_are_the_contracts(schema: str, literal: Any) -> None:
    assert set(get_args(literal)) == set(SCHEMAS[schema]["enum"])


def test_every_status_of_an_error_is_an_exception_of_its_own_kind() -> None:
    kinds = {
        "401": errors.NotAllowedError,
        "403": errors.NotAllowedError,
        "404": errors.NotFoundError,
        "408": errors.UnavailableError,
        "421": errors.NotAllowedError,
        "429": errors.BusyError,
        "500": errors.InternalServiceError,
        "503": errors.UnavailableError,
        "504": errors.DeadlineExceededError,
    }
    statuses = {
        status
        for path in CONTRACT["paths"].values()
        for method, operation in path.items()
        if method in ("get", "put", "post", "delete")
        for status in operation["responses"]
        if re.fullmatch(r"[45]\d\d", str(status))
    }
    assert statuses >= set(kinds)
    for status in statuses:
        error = errors.error_of(int(status), b"{}", None)
        assert type(error) is kinds.get(status, errors.InvalidRequestError)
