"""Street addresses in a text, as six languages write them."""

import re
from collections.abc import Iterator

from friendbot.redaction.identifiers import Span

# Every repetition below is bounded, possessive, or begins only where a word does: time is linear in the text's length.


def _any(words: str) -> str:
    """A pattern of any of some patterns, between blanks here, in any case."""
    return f"(?i:{'|'.join(words.split())})"


_CAP = "[A-ZÀ-ÖØ-ÞĀĆČĐĘĞİŁŃŌŐŘŚŞŠŪŹŻŽ]"
_WORD = r"[\w'’.-]{1,30}"
_NAME = rf"{_CAP}{_WORD}"
_HOUSE = r"\d{1,4}(?:[a-zA-Z]|[\s-][A-H](?![\w'’]))?(?:\s?[-–/]\s?\d{1,4}[a-zA-Z]?)?(?![\w:]|[.,]\d)"
_NO_UNIT = rf"(?!\s?{_any('uhr h mins? minut[a-z]{0,3} km m mal euros? keer uur volte veces fois x % €')}(?!\w))"
_LAST = r"(?=\s*(?:$|[,.;!?)\n]|\d{4,5}\s))"  # nothing is counted here: a 3 that "children" follows is no house

_BRITISH = r"(?i:[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2})(?!\w)"
_TOWN = (
    rf"(?:(?:,\s*|\s+|\s*[-–]\s*)(?:[A-Z]{{1,2}}-)?"
    rf"(?:\d{{4,5}}(?:\s?[A-Z]{{2}}(?!\w))?\s+{_CAP}|\d{{5}}\s+[^\W\d_]){_WORD}"
    rf"(?:\s(?:am|an der|in der|aan den|de|de la|del|di|sur)\s{_NAME})?"
    rf"|(?:,?\s+{_NAME}(?:\s{_NAME}){{0,2}})?,?\s+(?:[A-Z]{{2}},?\s+\d{{5}}(?:-\d{{4}})?(?!\w)|{_BRITISH}))?"
)
_FLAT = rf"(?:,?\s*(?:#\s?|{_any('apt apartment appt flat suite unit')}\.?\s+)[\dA-Za-z]{{1,5}}(?!\w))?"

_BEFORE_NUMBER = r"(?<![\w.,:/$€£#-])"
_NO_STREET = _any(
    "on in the at of from to down off up by for and or a an my your this that across along over with is was are i we "
    "hours? hrs? mins? minutes? miles? km m blocks? years? days? weeks? months? more people cars? times best good "
    "different way am pm"
)
_ENGLISH = (
    rf"(?:{_any('flat apt apartment unit')}\.?\s?\w{{1,4}},?\s+)?"
    rf"{_BEFORE_NUMBER}\d{{1,5}}[a-zA-Z]?(?:[-/]\d{{1,4}})?,?\s+(?:(?:The\s+)?"
    rf"(?:(?:(?!{_NO_STREET}\b){_WORD}\s+){{1,4}}?|(?<=The\s))"
    rf"{_any('street st road rd avenue ave boulevard blvd lane ln')}"
    rf"|(?:{_NAME}\s+){{1,4}}?"
    rf"{_any('way drive dr place pl court ct close square sq hill park crescent terrace gardens grove mews row')}"
    rf"|(?:{_NAME}\s+){{1,4}}?{_any('parkway pkwy highway hwy circle trail')}"
    r")(?![\w'’-])\.?(?:\s[NS]?[EW]?(?<=[NSEW])(?!\w))?"
    rf"(?!\s{_any('food art view fighter trips? lights? signs? journal party wear')}\b)"
)
_GERMANIC = (  # German and Dutch
    rf"(?:(?<![\w-])(?!(?:aan|door|in|neer|op|over|toe|uit|ver)?slaan\s)[\w-]{{2,40}}"
    rf"{_any('stra(?:ß|ss)e str[.]? gasse allee chaussee promenade straat laan gracht kade singel steeg plein')}"
    rf"\s*{_HOUSE}{_NO_UNIT}"
    rf"|(?<![\w-])(?:{_NAME}\s){{1,2}}(?:Stra(?:ß|ss)e|Str\.|Allee|Gasse|Weg|Platz|Ring|Damm|Ufer|Gracht|Dijk)"
    rf"\s*{_HOUSE}{_NO_UNIT}"
    rf"|(?<!\w)Stra(?:ß|ss)e\s(?:des|der|am)\s(?:\d{{1,2}}\.\s)?{_NAME}\s{_HOUSE}"
    rf"|(?<![\w-])(?!Spring|Bring){_CAP}[\w-]{{2,40}}(?:weg|platz|ring|damm|ufer|kai|steig|graben|markt|dijk|burgwal)"
    rf"\s\d{{1,3}}[a-z]?(?![\w:]|[.,]\d|\s+(?!\d{{5}}){_CAP}){_NO_UNIT}"
    rf"|(?<![\w-])(?i:laan van)\s{_NAME}\s{_HOUSE}{_NO_UNIT}"
    rf"|(?<!\w)(?:Am|Im|An de[rn]|Auf de[rm]|In de[rn]|Zum|Zur|Unter den|Aan de|Op de)\s{_NAME}\s{_HOUSE}"
    r"(?=,?\s+(?:\d{5}|\d{4}\s[A-Z])))"
)
_FRENCH_OF = r"(?:(?i:de\s+la\s|de\s+l['’]|du\s|des\s|de\s|d['’]|aux?\s|la\s|les?\s|l['’])\s*){0,2}"
_FRENCH = (
    rf"{_BEFORE_NUMBER}\d{{1,4}}(?:\s?(?:bis|ter|quater)|[A-Da-d])?,?\s+(?:"
    rf"{_any('rue ruelle avenue av[.] boulevard bd[.]? blvd impasse all[ée]e chemin quai faubourg route')}"
    rf"\s+{_FRENCH_OF}(?!{_any('plus et que qui pour avec dans sur à')}\b)[\w'’-]{{2,30}}"
    rf"|{_any('place cours parvis passage square villa cit[ée]')}\s+{_FRENCH_OF}{_NAME}"
    rf")(?:[ -](?:de\s|du\s|la\s|des\s)?{_NAME}){{0,3}}"
)
_ROMANCE_OF = (
    rf"(?:{_any('del de los las la el della delle dei degli di da dos do dal san santa')}\s+|(?i:dell)['’]){{0,2}}"
)
_NO_NAME = _any(
    "a al con por en y que hace hay son es e ho tengo hasta desde tra per dopo sono às? com dei alle alla dalle verso"
)
_MORE = rf"(?:{_ROMANCE_OF}{_NAME}\s*){{0,3}}"
_ROMANCE = (  # Spanish, Italian, and some Portuguese
    rf"(?<![\w/.])(?:(?:{_any('calle avenida avda[.]? av[.] viale piazza vicolo carrer rua praça')}\s+|(?i:c/)\s*)"
    rf"{_ROMANCE_OF}(?!{_NO_NAME}\s)[\w'’.-]{{2,30}}\s*(?:(?!{_NO_NAME}\s)[^\W\d]{{2,30}}\s+){{0,2}}{_MORE}"
    r"|(?i:gran v[ií]a)\s*"
    rf"|(?i:via)\s+(?:{_any('del della delle dei degli di')}\s+|(?i:dell)['’])[^\W\d_]{{3,30}}\s*"
    rf"|{_any('via corso largo strada lungotevere plaza pza[.]? paseo camino carretera ctra[.]? ronda traves[ií]a')}"
    rf"\s+{_ROMANCE_OF}{_NAME}\s*{_MORE}"
    rf"|(?i:via)\s+{_ROMANCE_OF}(?!{_NO_NAME}\s)[^\W\d_]{{4,30}}\s*(?=,?\s*{_HOUSE}{_LAST})"
    rf")(?<=[\w\s.]),?\s*(?i:n[º°.]?\s*|núm\.?\s*)?(?<!\d){_HOUSE}{_NO_UNIT}"
    r"(?:,\s*\d{1,2}\s?[ºª°](?:\s?[A-Z](?!\w))?)?"
)
_ADDRESSES = [re.compile(f"(?:{street}){_FLAT}{_TOWN}") for street in (_ENGLISH, _GERMANIC, _FRENCH, _ROMANCE)]


def addresses(text: str) -> Iterator[Span]:
    """A street's name and a house number, with the flat, postcode and town that follow, as six languages write them."""
    if re.search(r"\d", text):
        for pattern in _ADDRESSES:
            for match in pattern.finditer(text):
                yield match.span()
