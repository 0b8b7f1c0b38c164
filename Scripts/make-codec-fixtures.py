#!/usr/bin/env python3
"""Writes Tests/CodecsTests/Fixtures with numpy, safetensors and Pillow, the implementations that the
Swift codecs must agree with. Made with numpy 2.4, safetensors 0.8, Pillow 13 (libjpeg-turbo 3.2) and
the cjpeg of libjpeg-turbo-progs for what Pillow does not write; deterministic."""

import io
import pathlib
import subprocess
import tempfile

import numpy as np
from PIL import Image
from safetensors import TensorSpec, serialize_file

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "Tests/CodecsTests/Fixtures"


def npy(name, array, version=None, **options):
    with open(FIXTURES / f"{name}.npy", "wb") as file:
        np.lib.format.write_array(file, np.asanyarray(array), version=version, **options)


def make_npy():
    """Readable files hold k/4 - 1 for k = 0..5 (uint8: 50k) in the shape (2, 3)."""
    values = (np.arange(6) / 4 - 1).reshape(2, 3)
    npy("uint8", (np.arange(6) * 50).astype(np.uint8).reshape(2, 3))
    npy("float16", values.astype("<f2"))
    npy("float32", values.astype("<f4"))
    npy("float64", values.astype("<f8"))
    npy("version2", values.astype("<f4"), version=(2, 0))
    npy("version3", values.astype("<f4"), version=(3, 0))
    npy("scalar", np.float32(0.5))
    npy("vector", np.arange(3, dtype="<f4"))
    npy("empty", np.zeros((0, 3), "<f4"))

    npy("fortran", np.asfortranarray(values.astype("<f4")))
    npy("bigEndian", values.astype(">f4"))
    npy("refused-object", np.array([1, None], dtype=object), allow_pickle=True)
    npy("refused-structured", np.zeros(2, dtype=[("x", "<f4"), ("y", "<f4")]))
    npy("refused-text", np.array(["a", "bc"]))
    npy("integer", np.arange(3, dtype="<i8"))
    npy("refused-boolean", np.array([True, False]))
    npy("refused-complex", np.array([1j]))
    npy("refused-other", np.array(["2020-01-01"], dtype="<M8[D]"))


def make_safetensors():
    """Every tensor holds 1, -2, 0.5 and 0 in the shape (2, 2); U8 holds 1, 2, 3 and 255."""
    values = np.array([[1, -2], [0.5, 0]])
    bfloat16 = (values.astype("<f4").view("<u4") >> 16).astype("<u2")
    tensors = {
        "half": ("float16", values.astype("<f2")),
        "brain": ("bfloat16", bfloat16),
        "single": ("float32", values.astype("<f4")),
        "double": ("float64", values.astype("<f8")),
        "byte": ("uint8", np.array([[1, 2], [3, 255]], np.uint8)),
    }
    write_safetensors("types", tensors, {"preprocessing": "caffe"})
    singles = {
        "a.weight": ("float32", np.arange(3, dtype="<f4")),
        "b": ("float32", np.full((1, 2), 7, "<f4")),
        "scalar": ("float32", np.array(0.25, "<f4")),
    }
    write_safetensors("singles", singles, {"say": 'quote " backslash \\ é'})
    write_safetensors("int64", {"count": ("int64", np.array([1]))}, None)


def write_safetensors(name, tensors, metadata):
    entries = {
        key: TensorSpec(
            dtype=dtype, shape=array.shape, data_ptr=array.ctypes.data, data_len=array.nbytes
        )
        for key, (dtype, array) in tensors.items()
    }
    serialize_file(entries, FIXTURES / f"{name}.safetensors", metadata)


def make_png():
    """Each PNG has a `<name>-expected.npy` of its samples, which come from the array, not from
    Pillow's reading. 24 x 17 smooth pixels, so that zlib chooses dynamic Huffman codes."""
    y, x = np.mgrid[0:17, 0:24]
    rgb = np.stack([x * 10, y * 15, (x * y) % 256], axis=-1).astype(np.uint8)
    gray = rgb[..., 2]
    alpha = (255 - rgb[..., :1]).astype(np.uint8)

    png("rgb", Image.fromarray(rgb), rgb, optimize=True)
    png("rgba", Image.fromarray(np.concatenate([rgb, alpha], axis=-1)), rgb)
    png("gray", Image.fromarray(gray), gray)
    png("gray-alpha", Image.fromarray(np.dstack([gray, alpha])), gray)
    png("bilevel", Image.fromarray(gray > 99), np.where(gray > 99, 255, 0).astype(np.uint8))
    gray16 = (gray.astype("<u2") << 8) + 7
    png("gray16", Image.fromarray(gray16), gray16.astype("<f4"))

    indices = (x // 8 + y // 6).astype(np.uint8)
    palette = (np.arange(15) * 17).astype(np.uint8)
    image = Image.fromarray(indices)
    image.putpalette(palette.tobytes())
    expected = palette.reshape(5, 3)[indices]
    png("palette", image, expected, bits=4)
    png("palette-transparent", image, expected, transparency=1)


def make_jpeg():
    """jpeg.safetensors: each file as `<name>.jpg`, and beside it `<name>` as Pillow reads it, (H, W) of
    gray and (H, W, 3) of colour. Files that are refused stand alone, as `refused-<reason>.jpg`."""
    files = {}
    for width, height in ((35, 27), (16, 16), (1, 1), (17, 8), (7, 50)):
        image = Image.fromarray(scene(width, height))
        for subsampling in ("4:4:4", "4:2:2", "4:2:0"):
            name = f"{subsampling.replace(':', '')}-{width}x{height}"
            files[name] = saved(image, subsampling=subsampling)
    image = Image.fromarray(scene(37, 29))
    gray = image.convert("L")
    for sample in ("4x1", "1x2", "4x2", "1x4", "2x1,1x2,1x1", "3x1", "2x2,2x1,1x2"):
        files[f"sample-{sample}"] = cjpeg(image, "-sample", sample)
    files["quality1"] = saved(image, quality=1)
    files["quality100"] = saved(image, quality=100, subsampling="4:4:4")
    files["gray"] = saved(gray)
    files["gray-progressive"] = saved(gray, progressive=True)
    files["optimized"] = saved(image, optimize=True)
    for subsampling in ("4:4:4", "4:2:2", "4:2:0"):
        name = f"progressive-{subsampling.replace(':', '')}"
        files[name] = saved(image, progressive=True, subsampling=subsampling)
    files["progressive-411"] = cjpeg(image, "-progressive", "-sample", "4x1")
    files["restart-blocks"] = saved(image, restart_marker_blocks=2)
    files["restart-rows"] = saved(image, restart_marker_rows=1, progressive=True)
    files["adobe-rgb"] = saved(image, keep_rgb=True)
    files["plain-rgb"] = cjpeg(image, "-rgb")
    files["arithmetic"] = cjpeg(image, "-arithmetic")
    files["arithmetic-progressive"] = cjpeg(image, "-arithmetic", "-progressive")
    files["one-component-a-scan"] = cjpeg(image, scans="0;1;2;")
    files["comment"] = saved(image, comment=b"\xff\xd9 is no marker in here")
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        files[f"orientation{orientation}"] = saved(image, exif=exif)
    files["two-images"] = files["444-16x16"] + files["422-16x16"]
    base = files["420-16x16"]
    files["bytes-before-image"] = base[:20] + b"\x00\x01\x02" + base[20:]
    # The JFIF segment, 18 bytes, gone: three components are YCbCr all the same.
    files["no-jfif"] = base[:2] + base[20:]

    tensors = {}
    for name, data in files.items():
        pixels = np.asarray(Image.open(io.BytesIO(data)))
        tensors[name] = ("uint8", np.ascontiguousarray(pixels))
        tensors[f"{name}.jpg"] = ("uint8", np.frombuffer(data, np.uint8))
    refused = {
        "cmyk": saved(image.convert("CMYK")),
        "no-scan-of-a-component": cjpeg(image, scans="0;1;2;", cut=2),
        "no-detail": cjpeg(image, scans="0,1,2: 0-0, 0, 0;"),
        "no-last-bit": cjpeg(image, scans="0,1,2: 0-0, 0, 1;" + "".join(f"{i}: 1-63, 0, 0;" for i in range(3))),
    }
    for name, data in refused.items():
        tensors[f"refused-{name}.jpg"] = ("uint8", np.frombuffer(data, np.uint8))
    write_safetensors("jpeg", tensors, None)


def scene(width, height):
    """Smooth and sharp at once, so that every kind of coefficient is there."""
    y, x = np.mgrid[0:height, 0:width]
    edge = (x + y) % 11 < 5
    channels = [x * 7 + edge * 40, y * 8 + (x * y) % 50, 255 - x * 5 - edge * (y * 3)]
    return np.stack(channels, axis=-1).clip(0, 255).astype(np.uint8)


def saved(image, **options):
    file = io.BytesIO()
    image.save(file, "JPEG", **options)
    return file.getvalue()


def cjpeg(image, *options, scans=None, cut=None):
    """A file by cjpeg; `cut` takes that many scans and closes the file behind them."""
    file = io.BytesIO()
    image.save(file, "PPM")
    with tempfile.NamedTemporaryFile("w") as script:
        if scans:
            script.write(scans)
            script.flush()
            options += ("-scans", script.name)
        data = subprocess.run(
            ["cjpeg", "-quality", "75", *options], input=file.getvalue(), capture_output=True, check=True
        ).stdout
    return data if cut is None else b"\xff\xda".join(data.split(b"\xff\xda")[: cut + 1]) + b"\xff\xd9"


def png(name, image, expected, **options):
    image.save(FIXTURES / f"{name}.png", **options)
    npy(f"{name}-expected", expected)


if __name__ == "__main__":
    FIXTURES.mkdir(exist_ok=True)
    for make in (make_npy, make_safetensors, make_png, make_jpeg):
        make()
