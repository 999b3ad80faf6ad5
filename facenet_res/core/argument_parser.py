"""The argument parser of all commands: short usage lines, "did you mean", 80 columns."""

import argparse
import difflib
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

GENERAL = "general options"
OPTIONS = argparse.Action(["options"], dest="options", nargs=0)


class HelpFormatter(argparse.HelpFormatter):
    """Writes [options] for what may be left out; wraps prose, and leaves indented blocks alone."""

    def add_usage(
        self, usage: str | None, actions: Iterable[Any], groups: Iterable[Any], prefix: Any = None
    ) -> None:
        """The usage line: required options and positional arguments alone."""
        actions = list(actions)
        needed = [group for group in groups if group.required]
        members = [action for group in needed for action in group._group_actions]
        shown = [each for each in actions if each.required or not each.option_strings]
        more = [OPTIONS] if any(each.option_strings for each in actions) else []
        super().add_usage(usage, [*more, *members, *shown], needed, prefix)

    def _format_action(self, action: argparse.Action) -> str:
        """Commands are listed like options, without a line for the word COMMAND."""
        if isinstance(action, argparse._SubParsersAction):
            return "".join(map(super()._format_action, action._get_subactions()))
        return super()._format_action(action)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        """Paragraphs, each between empty lines."""
        blocks = text.split("\n\n")
        return "\n\n".join(
            block
            if "\n  " in block or block.startswith("  ")
            else textwrap.fill(block, width, break_on_hyphens=False, break_long_words=False)
            for block in blocks
        )


class Parser(argparse.ArgumentParser):
    """An argument parser that says what was perhaps meant."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parses; an option that this command does not have is an error of this command."""
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(self._unknown(unknown))
        return found, unknown

    def format_help(self) -> str:
        """The help, with the options that every command has at the end."""
        # argparse shows groups in the order of their making, and these are made first.
        self._action_groups.sort(key=lambda group: group.title == GENERAL)
        return super().format_help()

    def error(self, message: str) -> NoReturn:
        """Prints usage and message on stderr; ends with status 2."""
        self.exit(2, f"{self.format_usage()}{self.prog}: {message}\n")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if not isinstance(action, argparse._SubParsersAction) or value in action.choices:
            super()._check_value(action, value)
            return
        known = list(action.choices)
        self.error(
            f"no {str(action.metavar).lower()} {value!r}; "
            + (_meant(value, known) or f"there are {', '.join(known)}")
        )

    def _unknown(self, words: Sequence[str]) -> str:
        option = next((word.partition("=")[0] for word in words if word.startswith("-")), "")
        if not option:
            return f"too many arguments: {' '.join(words)}"
        hint = _meant(option, list(self._option_string_actions))
        return f"no option {option}; {hint or f'see {self.prog} --help'}"


def _meant(word: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"did you mean {close[0]}?" if close else ""
