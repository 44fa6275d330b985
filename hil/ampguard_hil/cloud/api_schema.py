"""`python -m ampguard_hil.cloud.api_schema`: writes the REST API's OpenAPI document, made from its types."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from ampguard_hil.cloud.app import application
from ampguard_hil.cloud.authority import Authority
from ampguard_hil.cloud.enrolment import Enrolment, Terms, router

FILE = Path(__file__).with_name("openapi.json")


def document() -> str:
    """The document as it is published."""
    # nothing is opened before the first request
    with tempfile.TemporaryDirectory() as folder:
        enrolment = router(Enrolment(Authority(Path(folder)), Terms()), lambda _serial, _pin: False)
    return json.dumps(application("unused", None, enrolment).openapi(), indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    FILE.write_text(document())
