"""Any history of a season, published in folders: what subscribers hold after each step is what the season says."""

import pytest
from properties.change_machine import FolderMachine, PipelineMachine, run_machine


@pytest.mark.parametrize("machine", [FolderMachine, PipelineMachine], ids=["folder", "pipeline"])
def test_whatever_becomes_of_a_season_its_subscribers_see_it(machine):
    """Also where the ledgers are kept apart, and the documents are lost."""
    run_machine(machine, examples=2, steps=12)
