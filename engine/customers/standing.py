"""How a customer stands at one moment: what the rules may ask of her. Never a rule, never a model."""

from collections.abc import Sequence

from msgspec import Struct

from engine.customers.conduct import Conduct, conduct
from engine.customers.familiarity import Familiarity, familiarity_of, level_of
from engine.customers.person import Contact, Person, consent_key


class Standing(Struct, frozen=True):
    """A customer as rules see her: her messages, oldest first, what she declared, and how familiar the brand is.

    `consents` are `granted` or `refused` by `consent_key`. A customer who was never seen stands as one of whom nothing
    is known.
    """

    contacts: Sequence[Contact] = ()
    conduct: Conduct = Conduct()
    attributes: dict[str, str] = {}
    consents: dict[str, str] = {}
    identity_types: frozenset[str] = frozenset()
    level: Familiarity = Familiarity.ANONYMOUS

    def times(self, channel: str) -> list[int]:
        """Return the send times on a channel, oldest first."""
        return [contact.time_us for contact in self.contacts if contact.channel == channel]

    def consent(self, channel: str, purpose: str) -> str:
        """Return her last word, `granted` or `refused`, on a channel for a purpose; empty where she said nothing.

        A refusal of every channel counts for each; the word on one channel cannot grant what she refused for all.
        """
        every = self.consents.get(consent_key("", purpose), "")
        this = self.consents.get(consent_key(channel, purpose), "")
        return "refused" if every == "refused" else this or every


def standing(person: Person | None, identity_type: str, now_us: int) -> Standing:
    """Return how a customer stands who is asked for under an identity of this type."""
    if person is None:
        types = frozenset({identity_type})
        return Standing(identity_types=types, level=level_of(types))
    known = conduct(person)
    return Standing(
        contacts=person.contacts,
        conduct=known,
        attributes=known.attributes,
        consents=known.consents,
        identity_types=known.identity_types,
        level=familiarity_of(known, now_us),
    )
