"""What a download says of the person whose it is."""

from collections.abc import Iterator
from typing import Any

from friendbot.archives.mojibake import repair
from friendbot.archives.raw_json import BrokenJson, decode
from friendbot.archives.reader import Job

FILES = ("profile_information.json", "personal_information.json", "autofill_information.json")
"""Files that state the owner's name, the surest first: Facebook's, Instagram's, and what Facebook fills forms with."""


def names(job: Job) -> list[str]:
    """Every name that the profiles in an archive give their owner, the surest first; reports those that are damaged."""
    found = []
    for name in FILES:
        for entry in job.tree.entries:
            if entry.name == name:
                try:
                    data = decode(job.read(entry), object)
                except BrokenJson as error:
                    job.damage(entry.path, f"not JSON ({error})")
                    continue
                found += [repair(value) for value in _stated(data) if isinstance(value, str) and value.strip()]
    return list(dict.fromkeys(found))


def _stated(data: Any) -> Iterator[Any]:
    for key in ("profile_v2", "profile", "profile_user", "autofill_information_v2", "autofill_information"):
        profile = data.get(key) if isinstance(data, dict) else None
        profile = profile[0] if isinstance(profile, list) and profile else profile
        if isinstance(profile, dict):
            name = profile.get("name")
            yield name.get("full_name") if isinstance(name, dict) else name
            # Instagram labels its fields in the account's language; its owner is called by one of their values.
            fields = profile.get("string_map_data")
            if isinstance(fields, dict):
                yield from (one.get("value") for one in fields.values() if isinstance(one, dict))
            filled = profile.get("FULL_NAME")
            yield from filled if isinstance(filled, list) else [filled]
