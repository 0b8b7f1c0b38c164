"""Forms as a browser sends them (RFC 7578), made of bytes."""

BOUNDARY = "check-boundary"
FORM = f"multipart/form-data; boundary={BOUNDARY}"


def form(**parts):
    """The body of a form of files: name=(file name, media type, bytes)."""
    body = b""
    for name, (file, kind, data) in parts.items():
        body += (f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; '
                 f'filename="{file}"\r\nContent-Type: {kind}\r\n\r\n').encode() + data + b"\r\n"
    return body + f"--{BOUNDARY}--\r\n".encode()


def pair(output, target):
    """A form of two PNG files."""
    return form(output=(output.name, "image/png", output.read_bytes()),
                target=(target.name, "image/png", target.read_bytes()))
