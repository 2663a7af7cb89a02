"""How a customer stands at one moment: what the rules may ask of her. Never a rule, never a model."""

from collections.abc import Sequence

from msgspec import Struct

from engine.customers.conduct import Conduct, conduct
from engine.customers.familiarity import Familiarity, familiarity_of, level_of
from engine.customers.person import Contact, Person, consent_key


class Standing(Struct, frozen=True):
    """A customer as rules see her: her messages, oldest first, her conduct, and how familiar the brand is.

    A customer who was never seen stands as one of whom nothing is known.
    """

    contacts: Sequence[Contact] = ()
    conduct: Conduct = Conduct()
    level: Familiarity = Familiarity.ANONYMOUS

    @property
    def attributes(self) -> dict[str, str]:
        """What she declared."""
        return self.conduct.attributes

    @property
    def consents(self) -> dict[str, str]:
        """Her words on consent, `granted` or `refused` by `consent_key`."""
        return self.conduct.consents

    @property
    def identity_types(self) -> frozenset[str]:
        """The types of her identities."""
        return self.conduct.identity_types

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


def standing(person: Person | None, identity_type: str, now_us: int, known: Conduct | None = None) -> Standing:
    """Return how a customer stands who is asked for under an identity of this type.

    `known` is her conduct where it is at hand.
    """
    if person is None:
        stranger = Conduct(identity_types=frozenset({identity_type}))
        return Standing(conduct=stranger, level=level_of(stranger.identity_types))
    known = known or conduct(person)
    return Standing(person.contacts, known, familiarity_of(known, now_us))
