"""The options of requests, under the service's own names (openapi.yaml)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias, TypedDict

Layers: TypeAlias = Sequence[str] | Mapping[str, float]
"""Names of layers, or names with weights: `["relu1_2"]`, `{"relu1_2": 0.5}`; empty for none."""

ImageLayout: TypeAlias = Literal["chw", "nchw", "hwc", "nhwc"]
FeatureLayout: TypeAlias = Literal["chw", "nchw", "hwc", "nhwc", "matrix"]
Range: TypeAlias = Literal["0..1", "0..255", "-1..1"]
OutOfRange: TypeAlias = Literal["refuse", "allow", "clamp"]
Gram: TypeAlias = Literal["raw", "normalized", "covariance", "correlation"]


class ArrayOptions(TypedDict, total=False):
    """How arrays of images are read.

    Attributes:
        layout: The order of dimensions; needed for arrays of three and four.
        range: The range of float values, ends included; needed for floats. Integers are 0 to 255.
    """

    layout: ImageLayout
    range: Range


class LayerOptions(TypedDict, total=False):
    """Which loss, and at which layers.

    Attributes:
        preset: A named loss; `Client.presets()` lists them. The service's own default is `pconv`.
        loss: A whole loss of one's own, as `Client.presets()` spells one out.
        model: The name of a loaded network, where several are.
        layers: The layers of every term that has any.
    """

    preset: str
    loss: Mapping[str, Any]
    model: str
    layers: Layers


class TermOptions(LayerOptions, total=False):
    """What the terms of a loss compare, and how much each counts.

    Attributes:
        style_layers: The layers of the style terms; wins over `layers`.
        perceptual_layers: The layers of the perceptual terms; wins over `layers`.
        gram: Which matrix of second moments style terms compare.
        term_weights: Factors of terms in the total.
    """

    style_layers: Layers
    perceptual_layers: Layers
    gram: Gram
    term_weights: Mapping[str, float]


class GradientOptions(TypedDict, total=False):
    """How gradients are answered.

    Attributes:
        gradient_dtype: What they travel in; float16 with a power of two a sample, which keeps what
            is above 2⁻³⁹ of the largest, in half the bytes. They arrive as float32 either way.
    """

    gradient_dtype: Literal["float32", "float16"]


class LossOptions(TermOptions, ArrayOptions, GradientOptions, total=False):
    """The options of losses of images.

    Attributes:
        mask_polarity: What 1 in a mask means.
        target_weights: Shares of several style targets, one each.
        precision: `difference` for nearly equal images, `plain` for unlike ones; each pair decides
            where it is not said.
        gradient_of: Terms to answer a gradient each of, beside or instead of `total`.
        cotangent: A factor of each sample's gradients.
        out_of_range: What becomes of floats outside the range: an error, nothing, or the nearer
            end, with a gradient of 0.
        resize: What images are brought to first: `exact:HEIGHTxWIDTH`, `short_side:256`,
            `max_side:512`, or `none`.
        resize_filter: How samples between samples are found.
        antialias: Whether the filter widens as the image shrinks, as Pillow's does.
        enlarge: Whether a side may become longer.
        pyramid: How many sizes, each half of the one before, have their losses added.
        maps: Layers or terms to answer a map each of, of where the images differ.
        maps_size: The size of maps: that of the layer, or of the images.
        any_weights: Whether learned factors may be used on other weights than they were fitted to.
    """

    mask_polarity: Literal["valid", "hole"]
    target_weights: Sequence[float]
    precision: Literal["difference", "plain"]
    gradient_of: Sequence[str]
    cotangent: Sequence[float]
    out_of_range: OutOfRange
    resize: str
    resize_filter: Literal["area", "bilinear", "bicubic", "lanczos"]
    antialias: bool
    enlarge: bool
    pyramid: int
    maps: Sequence[str]
    maps_size: Literal["tap", "input"]
    any_weights: bool


class FeatureLossOptions(TermOptions, GradientOptions, total=False):
    """The options of losses of features.

    Attributes:
        layout: The order of dimensions; required. `matrix` is (B, M, N), M rows correlated.
        cotangent: A factor of each sample's gradients.
    """

    layout: FeatureLayout
    cotangent: Sequence[float]


class FeatureGradientOptions(ArrayOptions, GradientOptions, total=False):
    """The options of gradients at images from gradients at layers.

    Attributes:
        out_of_range: As in `LossOptions`.
        model: The name of a loaded network, where several are.
    """

    out_of_range: OutOfRange
    model: str


class FeatureOptions(LayerOptions, ArrayOptions, total=False):
    """The options of feature maps."""


class GramOptions(LayerOptions, total=False):
    """The options of Gram matrices, of images or of features.

    Attributes:
        gram: Which matrix.
        layout: The order of dimensions.
        range: The range of float images.
    """

    gram: Gram
    layout: FeatureLayout
    range: Range


def encoded(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options as the JSON object that requests carry."""
    values = {name: value for name, value in options.items() if value is not None}
    terms = values.get("gradient_of")
    if terms is not None and not isinstance(terms, str):
        values["gradient_of"] = ",".join(terms)
    return values
