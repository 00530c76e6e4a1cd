#!/usr/bin/env python3
"""variants - a corpus of messages, written as hasty people write them: typing mistakes, dropped
and doubled vowels, emoji, invisible characters, digits of other scripts, case. Labels stay.

Used by: whoever measures how much bad spelling understanding bears (score.py reads the result).
Never:   touches a word of three letters or less, nor changes a word by more than two letters;
         the same seed gives the same rows.

    variants.py --count 2000 --seed 7 tuning/*.tsv > /tmp/variants.tsv
"""
import argparse
import random
import re
import sys
import unicodedata

VOWELS = "aeiou"
EMOJI = ("🙏", "😭", "😢", "‼️", "❗", "🙏🙏", "😰", "🆘")
QUIET_EMOJI = ("🙏", "👍", "🙂")
INVISIBLE = ("\u200b", "\u200c", "\u200d", "\u2060", "\ufeff")
DIGITS = {"te": 0x0C66, "hi": 0x0966, "ur": 0x06F0}
SHORT = 3  # words up to here stay as they are


def letters(word):
    return sum(unicodedata.category(c)[0] == "L" for c in word)


def clusters(word):
    """A letter with its marks: a vowel sign never stands alone."""
    out = []
    for c in word:
        if out and (unicodedata.category(c)[0] == "M" or c in INVISIBLE):
            out[-1] += c
        else:
            out.append(c)
    return out


def mistype(rng, word):
    """One or two of: a letter left out, doubled, swapped. The first one always stays."""
    parts = clusters(word)
    for _ in range(1 if letters(word) < 7 else rng.choice((1, 1, 2))):
        at = rng.randrange(1, len(parts)) if len(parts) > 1 else None
        if at is None:
            break
        kind = rng.choice(("drop", "double", "swap"))
        if kind == "drop" and len(parts) > SHORT:
            if len(parts[at]) == 1:  # a cluster of more letters would be more than one mistake
                del parts[at]
        elif kind == "double" and len(parts[at]) == 1:
            parts.insert(at, parts[at])
        elif kind == "swap" and at + 1 < len(parts) and len(parts[at]) == len(parts[at + 1]) == 1:
            parts[at], parts[at + 1] = parts[at + 1], parts[at]
            break  # two letters are changed already
    return "".join(parts)


def vowel(rng, word):
    """A vowel of a Latin word left out or held: ambulnce, ambulaance."""
    places = [i for i, c in enumerate(word) if i > 0 and c.lower() in VOWELS]
    if not places or not word.isascii():
        return word
    at = rng.choice(places)
    return word[:at] + (word[at + 1:] if rng.random() < 0.5 else word[at] + word[at:])


def on_words(message, rng, change, share):
    def one(match):
        word = match.group(0)
        return change(rng, word) if letters(word) > SHORT and rng.random() < share else word
    return re.sub(r"[^\W\d_]+(?:[^\W\d_]|[\u0300-\u036f\u0900-\u0903\u093a-\u094f\u0c00-\u0c04"
                  r"\u0c3e-\u0c56\u064b-\u0655\u200c\u200d])*", one, message)


def emoji(message, rng, row):
    mark = rng.choice(QUIET_EMOJI if row[5] == "trap" else EMOJI)
    return f"{message} {mark}" if rng.random() < 0.7 else f"{mark} {message}"


def invisible(message, rng, _):
    at = rng.randrange(1, len(message)) if len(message) > 1 else 0
    mark = rng.choice(INVISIBLE[:1] + INVISIBLE[3:])
    return message[:at] + mark + message[at:]


def digits(message, rng, row):
    zero = DIGITS.get(row[4]) or rng.choice(list(DIGITS.values()))
    return re.sub("[0-9]", lambda m: chr(zero + int(m.group(0))), message)


def case(message, rng, _):
    return rng.choice((message.upper(), message.title(), message.capitalize(), message.swapcase()))


def stops(message, rng, _):
    return message + rng.choice(("!!", "...", "!!!", " .", "??" if message.endswith("?") else "!"))


CHANGES = (
    lambda m, rng, row: on_words(m, rng, mistype, 0.3),
    lambda m, rng, row: on_words(m, rng, vowel, 0.4),
    emoji, invisible, digits, case, stops,
)


def rows_of(paths):
    rows = []
    for path in paths:
        with open(path, encoding="utf-8") as file:
            for line in file:
                if line.strip() and not line.startswith("#"):
                    row = line.rstrip("\n").split("\t")
                    if len(row) != 7:
                        sys.exit(f"variants: {path}: {len(row)} columns, wants 7: {line!r}")
                    rows.append(row)
    return rows


def main():
    parser = argparse.ArgumentParser(description="variants of a corpus of messages")
    parser.add_argument("files", nargs="+")
    parser.add_argument("--count", type=int, default=2000, help="rows to write (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed, the same rows (%(default)s)")
    args = parser.parse_args()
    rng = random.Random(args.seed)
    rows = rows_of(args.files)
    if not rows:
        sys.exit("variants: no rows")
    done = 0
    for turn in range(args.count * 20):
        row = list(rows[turn % len(rows)])
        message = row[0]
        for change in rng.sample(CHANGES, rng.choice((1, 1, 2))):
            message = change(message, rng, row)
        if message == row[0] or "\t" in message:
            continue
        row[0], row[4], row[6] = message, row[4], f"of: {row[0]}"
        print("\t".join(row))
        done += 1
        if done == args.count:
            return 0
    sys.exit(f"variants: only {done} rows could be changed")


if __name__ == "__main__":
    sys.exit(main())
