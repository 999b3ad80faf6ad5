"""The exit statuses of our commands, the same for every command and for the server.

0 an answer was given (or at least one file of a batch was done)
1 the answer was "no", and the caller asked to hear it as a status
2 the input is wrong: fix the command, the file or the setting
3 the stored state forbids it: no such person, another model's gallery
4 unavailable now: locked, unreachable, out of space; try again later
70 a bug of ours
130 stopped by Ctrl-C
"""

from facenet_res.core.errors import FacenetError, InputError, StateError, Unavailable

OK = 0
ANSWER_IS_NO = 1
INPUT = 2
STATE = 3
UNAVAILABLE = 4
BUG = 70
INTERRUPTED = 130


def exit_code_of(error: FacenetError) -> int:
    """The status that stands for an error."""
    for kind, code in ((InputError, INPUT), (StateError, STATE), (Unavailable, UNAVAILABLE)):
        if isinstance(error, kind):
            return code
    raise TypeError(f"an error of no known kind: {type(error).__name__}")
