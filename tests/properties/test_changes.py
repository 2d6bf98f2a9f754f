"""Any history of a season, published in memory: what subscribers hold after each step is what the season says."""

from properties.change_machine import ChangeMachine, run_machine


def test_whatever_becomes_of_a_season_its_subscribers_see_it():
    """They never see a duplicate, a wrong time, or less than there was."""
    run_machine(ChangeMachine, examples=14, steps=15)
