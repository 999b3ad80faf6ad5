"""The results, a line each as soon as it is there, in 80 columns."""

from dataclasses import dataclass, field

WIDTH = 80
WIDTHS = (8, 35, 18)
"""Of job, question and answer; score, time and the mark take the rest."""


@dataclass
class Table:
    """Prints results and counts them.

    Attributes:
        decisions: decisions about faces that were printed.
        misses: those that differ from what the images show; any network has some.
        faults: facts that are not as the server acknowledged.
    """

    decisions: int = 0
    misses: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def is_broken(self) -> bool:
        """Whether something other than a decision went wrong."""
        return bool(self.faults)

    def section(self, title: str) -> None:
        """A heading above the results that follow."""
        print(f"\n{short(title)}")
        print(_line("job", "question", "answer", "score", "ms", ""))
        print("-" * WIDTH, flush=True)

    def decision(
        self,
        job: str,
        question: str,
        answer: str,
        *,
        is_right: bool,
        score: float | None = None,
        ms: float | None = None,
    ) -> None:
        """A decision about faces: a miss is reported and does not end the demo."""
        self.decisions += 1
        if not is_right:
            self.misses.append(f"{job} {question}: {answer}")
        _print(job, question, answer, score, ms, "ok" if is_right else "MISS")

    def fact(
        self, job: str, question: str, answer: str, *, is_right: bool, ms: float | None = None
    ) -> None:
        """Something that has to be so, whatever the network recognises."""
        if not is_right:
            self.faults.append(f"{job} {question}: {answer}")
        _print(job, question, answer, None, ms, "ok" if is_right else "FAULT")

    def conclusion(self) -> str:
        """What came of it, for people."""
        right = self.decisions - len(self.misses)
        lines = [f"{right} of {self.decisions} decisions agree with the images"]
        lines += [short(f"  miss: {one}") for one in self.misses]
        if self.misses:
            lines.append("README.md, Figures, has the error rates of the default model.")
        lines += [short(f"  FAULT: {one}") for one in self.faults]
        return "\n".join(lines)


def short(text: str, width: int = WIDTH) -> str:
    """The text, its end replaced by "..." where it is wider."""
    return text if len(text) <= width else text[: width - 3] + "..."


def _print(
    job: str, question: str, answer: str, score: float | None, ms: float | None, mark: str
) -> None:
    shown = "" if score is None else f"{score:.2f}"
    print(_line(job, question, answer, shown, "" if ms is None else f"{ms:.0f}", mark), flush=True)


def _line(job: str, question: str, answer: str, score: str, ms: str, mark: str) -> str:
    texts = (
        short(text, width).ljust(width)
        for text, width in zip((job, question, answer), WIDTHS, strict=True)
    )
    return f"{' '.join(texts)} {score:>5} {ms:>4} {mark}".rstrip()
