"""Style and perceptual losses of images, with gradients, from a styleloss service.

>>> import styleloss
>>> client = styleloss.Client("http://localhost:8080")
>>> r = client.losses("out.png", "target.png", gradient=True)
>>> r.total, r.terms["style"].layers["pool1"], r.gradient.shape

`styleloss.torch`, `styleloss.jax`, `styleloss.keras` and `styleloss.tensorflow` make it the loss of
a training job; they alone import those packages. `styleloss.scoring` scores data sets.
"""

from ._images import Image, Images
from ._pending import Pending
from ._retry import Retries
from ._targets import Targets
from .aio import AsyncClient
from .client import Client
from .errors import (
    BusyError,
    CancelledError,
    ConnectionFailedError,
    DeadlineExceededError,
    InternalServiceError,
    InvalidRequestError,
    NotAllowedError,
    NotFoundError,
    ServiceError,
    StyleLossError,
    TargetNotFoundError,
    TimedOutError,
    UnavailableError,
)
from .results import Features, GramMatrices, Info, Losses, Notice, Target, Term
from .scoring import score
from .server import Service, serve

__version__ = "0.1.0"

__all__ = [
    "AsyncClient",
    "BusyError",
    "CancelledError",
    "Client",
    "ConnectionFailedError",
    "DeadlineExceededError",
    "Features",
    "GramMatrices",
    "Image",
    "Images",
    "Info",
    "InternalServiceError",
    "InvalidRequestError",
    "Losses",
    "NotAllowedError",
    "NotFoundError",
    "Notice",
    "Pending",
    "Retries",
    "Service",
    "ServiceError",
    "StyleLossError",
    "Target",
    "TargetNotFoundError",
    "Targets",
    "Term",
    "TimedOutError",
    "UnavailableError",
    "score",
    "serve",
]
