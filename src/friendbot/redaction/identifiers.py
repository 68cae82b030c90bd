"""E-mail addresses, links, payment cards and bank accounts in a text, by their shape and check digits."""

import re
from collections.abc import Iterator
from itertools import pairwise

import phonenumbers

Span = tuple[int, int]
"""Where something begins and ends, in characters."""

# Every repetition below is bounded, possessive, or begins only where a word does: time is linear in the text's length.

_LOCAL = r"[\w.!#$%&'*+/=?^`{|}~-]"
_DOMAIN = r"(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}(?!\w)"
_EMAIL = re.compile(
    rf"(?i:mailto:)?(?<!{_LOCAL}){_LOCAL}++@{_DOMAIN}(?:\?[^\s\[\]]++)?"
    rf"|(?<![\w.+-])[\w.+-]++\s?[(\[{{]\s?(?:at|ät|@|arroba)\s?[)\]}}]\s?"
    rf"(?:[\w-]{{1,63}}(?:\.|\s?[(\[{{]\s?(?:dot|punkt|\.)\s?[)\]}}]\s?|\sdot\s)){{1,4}}[^\W\d_]{{2,24}}"
    r"|(?<![\w.+-])[\w.+-]++\sat\s[\w-]{1,63}(?:\sdot\s\w{2,24}){1,3}",
    re.IGNORECASE,
)

_ENDINGS = (
    "com|net|org|info|edu|gov|mil|int|app|dev|xyz|online|shop|site|blog|club|live|link|page|tech|store|cloud|uk|eu"
)
_COUNTRIES = "|".join(sorted(region.lower() for region in phonenumbers.SUPPORTED_REGIONS))
_LINK = re.compile(
    rf"[a-z][a-z0-9+.-]{{1,14}}://\w\S*+|(?<!\w)www\.\w\S*+"
    rf"|(?<![\w.@-])(?:[\w-]{{1,63}}\.){{1,8}}(?:{_ENDINGS}|{_COUNTRIES})(?::\d{{2,5}})?[/?#]\S*+",
    re.IGNORECASE,
)


def emails(text: str) -> Iterator[Span]:
    for match in _EMAIL.finditer(text):
        yield match.span()


def links(text: str) -> Iterator[Span]:
    for match in _LINK.finditer(text):
        yield match.start(), match.start() + len(match.group().rstrip(".,;:!?'\"*_)]}»”’"))


_CARD = re.compile(r"(?<![\d+])\d(?:[ \u00a0.-]?\d){12,}+")


def cards(text: str) -> Iterator[Span]:
    """13 to 19 digits in groups of 4 or more but for the last, whose check digit is right (ISO/IEC 7812, Luhn)."""
    for run in _CARD.finditer(text):
        places = [place for place in range(*run.span()) if text[place].isdigit()]
        starts = {index for index, place in enumerate(places) if not index or place - places[index - 1] > 1}
        ends = starts | {len(places)}
        end = 0
        for first in sorted(starts):
            for last in range(first + 19, first + 12, -1):
                if first < end or last not in ends or text[places[first]] not in "23456":
                    continue
                groups = [index for index in range(first, last) if index in starts]
                if all(after - before >= 4 for before, after in pairwise(groups)) and _luhn(
                    [int(text[place]) for place in places[first:last]]
                ):
                    yield places[first], places[last - 1] + 1
                    end = last


def _luhn(digits: list[int]) -> bool:
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(doubled) + sum(digits[-1::-2])) % 10 == 0


# Characters of an IBAN by country (SWIFT's registry of ISO 13616).
_LENGTHS = (
    "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29ES24FI18FK18FO18FR27GB22"
    "GE22GI23GL18GR27GT28HN28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22MK19MN20"
    "MR27MT31MU30NI28NL18NO15OM23PK24PL28PS29PT25QA29RO24RS22RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25SV28TL23TN24TR26"
    "UA29VA22VG24XK20YE30"
)
_IBAN_LENGTH = {country: int(length) for country, length in re.findall(r"([A-Z]{2})(\d\d)", _LENGTHS)}
_COUNTRY = "|".join(_IBAN_LENGTH)
_IBAN = re.compile(rf"(?<![A-Z0-9])(?=(({_COUNTRY})\d\d(?:[ \u00a0.-]?[A-Z0-9]){{11,30}}))", re.IGNORECASE | re.ASCII)


def ibans(text: str) -> Iterator[Span]:
    """As many characters as the country's IBANs have, whose check digits are right (ISO 7064, mod 97)."""
    for match in _IBAN.finditer(text):
        places = [place for place in range(*match.span(1)) if text[place].isalnum()]
        places = places[: _IBAN_LENGTH[match.group(2).upper()]]
        number = "".join(text[place] for place in places).upper()
        after = text[places[-1] + 1 : places[-1] + 2]
        if len(places) < _IBAN_LENGTH[number[:2]] or after.isalnum():
            continue
        if int("".join(str(int(letter, 36)) for letter in number[4:] + number[:4])) % 97 == 1:
            yield places[0], places[-1] + 1
