"""Types that are read by their service's own call: what each asks, and its answer in Terraform's words.

A reader takes `Asked` and gives the attributes that the calls tell; what it leaves out stays unknown. It raises
`Missing` where AWS says that the resource is not there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from .asked import Asked, Reading
from .compute import READERS as COMPUTE
from .data import READERS as DATA
from .ec2 import READERS as EC2
from .iam import READERS as IAM
from .s3 import READERS as S3

READERS: Final[Mapping[str, Reading]] = {
    **EC2,
    **IAM,
    **S3,
    **COMPUTE,
    **DATA,
}

__all__ = ["READERS", "Asked"]
