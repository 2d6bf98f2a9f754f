"""The arguments of the command: each command is there, and what is wrong is said with status 64."""

import argparse

import pytest

from aslms_feeds.cli import commands
from aslms_feeds.cli.arguments import USAGE, parser


def test_every_command_is_one_that_is_run():
    """No command can be asked for that does nothing, and none does anything that cannot be asked for."""
    (subcommands,) = (action for action in parser()._actions if isinstance(action, argparse._SubParsersAction))
    assert sorted(subcommands.choices) == sorted(commands._COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["publish"], "invalid choice: 'publish'"),
        (["build", "--now", "today"], "'today' is no instant; write 2026-12-01T00:00:00Z"),
        (["build", "--now", "2030-01-01"], "'2030-01-01' has no offset; write 2030-01-01Z for UTC"),
        (["rollback", "trial", "--to", "1", "--release"], "not allowed with argument --to"),
    ],
)
def test_wrong_arguments_say_what_is_wrong(arguments, reason, capsys):
    """And how to ask for more."""
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(arguments)
    assert ended.value.code == USAGE
    output = capsys.readouterr().err
    assert reason in output
    assert output.splitlines()[-1].startswith("Try: aslms-feeds")
