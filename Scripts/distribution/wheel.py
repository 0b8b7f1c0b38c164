"""A wheel around a binary (https://packaging.python.org/en/latest/specifications/binary-distribution-format)."""

import base64
import hashlib
import zipfile

NAME = "styleloss-server"
SUMMARY = "Style and perceptual losses of images as a service: the styleloss program, with its weights"


def write_wheel(folder, version, glibc, binary, licences):
    """Writes NAME's wheel, whose installation puts `styleloss` on the PATH; returns its path.

    `licences` are texts by the names that they get.
    """
    tag = f"py3-none-manylinux_{glibc[0]}_{glibc[1]}_x86_64"
    stem = f"{NAME.replace('-', '_')}-{version}"
    info = f"{stem}.dist-info"
    metadata = [
        "Metadata-Version: 2.4", f"Name: {NAME}", f"Version: {version}", f"Summary: {SUMMARY}",
        # The code, and the weights inside it.
        "License-Expression: Apache-2.0 AND CC-BY-4.0",
        *(f"License-File: {name}" for name in sorted(licences)),
        "Requires-Python: >=3.9", ""]
    wheel = ["Wheel-Version: 1.0", "Generator: styleloss", "Root-Is-Purelib: false", f"Tag: {tag}", ""]
    files = [
        (f"{stem}.data/scripts/styleloss", binary.read_bytes(), 0o755),
        (f"{info}/METADATA", "\n".join(metadata).encode(), 0o644),
        (f"{info}/WHEEL", "\n".join(wheel).encode(), 0o644),
        *((f"{info}/licenses/{name}", path.read_bytes(), 0o644)
          for name, path in sorted(licences.items()))]
    record = [f"{name},sha256={digest(data)},{len(data)}" for name, data, _ in files]
    record += [f"{info}/RECORD,,", ""]
    files.append((f"{info}/RECORD", "\n".join(record).encode(), 0o644))
    path = folder / f"{stem}-{tag}.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data, mode in files:
            # The date is the same every time, so that equal input gives equal bytes.
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.external_attr = (0o100000 | mode) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return path


def digest(data):
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
