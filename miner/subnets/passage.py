"""Little passages with questions: made up by a validator, answered by whoever can read."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

NAMES = ("Anna", "Bruno", "Carla", "David", "Elena", "Farid", "Greta", "Hugo", "Irene", "Jonas")
TOWNS = ("Arosa", "Bergen", "Cadiz", "Derry", "Elche", "Fargo", "Genoa", "Hilo", "Izmir", "Jena")
BEASTS = ("goats", "geese", "bees", "ducks", "sheep", "mules", "hens", "rabbits")
THINGS = ("roof", "gate", "shed", "boat", "bench", "door")
COLOURS = ("green", "white", "black", "yellow", "purple", "orange")
FRUITS = ("plums", "figs", "pears", "cherries", "quinces", "apples")


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A text, questions about it, and the one word that answers each."""

    text: str
    questions: tuple[str, ...]
    answers: tuple[str, ...]


def new_passage(random: Random, people: int, questions: int) -> Passage:
    """Return a passage about so many people; nobody can know its facts beforehand."""
    facts = [fact for name in random.sample(NAMES, people) for fact in _facts(random, name)]
    random.shuffle(facts)
    asked = random.sample(facts, questions)
    return Passage(
        text=" ".join(sentence for sentence, _, _ in facts),
        questions=tuple(question for _, question, _ in asked),
        answers=tuple(answer for _, _, answer in asked),
    )


def right_share(answers: Sequence[str], wanted: Sequence[str]) -> float:
    """Return which part of the answers has the wanted word, and is not a list of everything."""
    hits = [
        wanted_word.lower() in _words(said) and len(_words(said)) <= 12
        for said, wanted_word in zip(answers, wanted, strict=True)
    ]
    return sum(hits) / len(hits)


def _facts(random: Random, name: str) -> list[tuple[str, str, str]]:
    """Return sentences about one person, each with its question and its answer."""
    town, fruit = random.choice(TOWNS), random.choice(FRUITS)
    count, beasts = str(random.randint(2, 99)), random.choice(BEASTS)
    thing, colour = random.choice(THINGS), random.choice(COLOURS)
    return [
        (f"{name} has lived in {town} for years.", f"In which town does {name} live?", town),
        (f"{name} keeps {count} {beasts}.", f"How many {beasts} does {name} keep?", count),
        (
            f"{name} painted the {thing} {colour}.",
            f"Which colour did {name} paint the {thing}?",
            colour,
        ),
        (f"In autumn {name} picks {fruit}.", f"What does {name} pick in autumn?", fruit),
    ]


def _words(text: str) -> list[str]:
    return [word.strip(".,;:!?'\"()").lower() for word in text.split()]
