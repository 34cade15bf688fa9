"""What is wrong with something that was given, in words that every way into the engine uses."""

from __future__ import annotations


def marked(_context: str, text: str) -> str:
    """A sentence as it is: collected for translation with those of the window, which says it in its own language."""
    return text


class Unreadable(ValueError):
    """It cannot be read, or it was understood and cannot be granted (`unsupported`).

    `sentence` has places ({0}, {1}) for `words`, so that it can be said in another language. A word may be such a
    sentence itself.
    """

    def __init__(self, sentence: str, *words: object, unsupported: bool = False) -> None:
        super().__init__(sentence.format(*words) if words else sentence)
        self.sentence = sentence
        self.words = words
        self.unsupported = unsupported


def unsupported(what: str, why: str) -> Unreadable:
    """Something that would change what the container is, if it were silently dropped."""
    sentence = marked("Recipe", "{0} is not supported by Wherry: {1}")
    return Unreadable(sentence, what, Unreadable(why), unsupported=True)
