"""What runs every few seconds never reads a table from end to end that grows with every call."""

from __future__ import annotations

import pytest

from hotline.core import jobs
from hotline.core.services import Services
from tests.growth.plans import recorded, whole_reads
from wsgi import build_registry


@pytest.mark.parametrize("job", sorted({each.job for each in build_registry().schedules}))
def test_no_sweep_reads_a_growing_table_from_end_to_end(job: str, services: Services) -> None:
    with recorded(services.db) as asked:
        jobs.registry().jobs[job].function(services)
    assert whole_reads(services.db, asked) == {}
