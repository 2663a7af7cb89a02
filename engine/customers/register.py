"""The register: who is who, each customer with all that is known, at one sequence number. Never a raw identity.

It is a fold of the log, kept in a table beside it and written in the log's own transactions, so that it has always
reached the log's end and a start has nothing to fold. Only the customers of late are in memory, and those encoded but
for the very last: tens of thousands of decoded ones would hold up Python's garbage collector for hundreds of
milliseconds.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice

from msgspec import Struct, msgpack

from engine.customers.conduct import Conduct, conduct
from engine.customers.events import IdentitiesLinked, IdentitiesUnlinked
from engine.customers.folding import apply, named_in, touched
from engine.customers.person import Known, Person, components, joined
from engine.events import DecisionTaken, LoggedEvent
from engine.log.customers_table import CustomersTable
from engine.tombstones import FactErased

_encode = msgpack.Encoder().encode
_decode = msgpack.Decoder(Person).decode

DECODED_MAX = 1_024
"""Customers that stay decoded between two commits: whoever comes back within a session is not read anew each time."""

CategoryOf = Callable[[DecisionTaken], str]
"""Tells the category of the content that a decision chose."""
DecisionAt = Callable[[int], DecisionTaken]
"""Tells the decision at a sequence number."""


class Entry(Struct, gc=False):
    """A customer in use of late: her row in the table (None before the first save), and what is not saved.

    `unowned` are her identities that are not hers in the table yet. `conduct` is hers where it was asked for since she
    did something.
    """

    person: Person
    row: int | None = None
    changed: bool = False
    unowned: set[str] = set()
    conduct: Conduct | None = None


class Held(Struct, frozen=True, gc=False):
    """A saved customer in memory: her row and bytes in the table, and her identities but the root."""

    row: int
    body: bytes
    others: tuple[str, ...]


class CustomerRegister:
    """Every customer; at most `in_memory` of them, those of late, are held in memory between two commits."""

    def __init__(self, table: CustomersTable, category_of: CategoryOf, decision_at: DecisionAt, in_memory: int) -> None:
        self._table = table
        self._category_of = category_of
        self._decision_at = decision_at
        self._in_memory = in_memory
        self.forget_unsaved()

    def forget_unsaved(self) -> None:
        """Go back to what the table holds."""
        self._entries: dict[str, Entry] = {}
        self._held: dict[str, Held] = {}
        self._roots: dict[str, str] = {}
        self._absent: set[str] = set()
        self._gone_rows: list[int] = []
        self._gone_identities: list[str] = []
        self._named: list[tuple[str, int]] = []
        self._changed: dict[str, Entry] = {}
        self.seq = self._saved_seq = self._table.seq
        self._next_row = self._table.next_row

    def find(self, identity: str) -> Person | None:
        """Return the customer that an identity belongs to, None where it was never seen; not to be changed."""
        entry = self._entry(identity)
        return entry.person if entry else None

    def meet(self, identity: str) -> tuple[Person, Conduct] | None:
        """Return the customer that an identity belongs to with her conduct; neither is to be changed."""
        entry = self._entry(identity)
        if entry is None:
            return None
        if entry.conduct is None:
            entry.conduct = conduct(entry.person)
        return entry.person, entry.conduct

    def all(self) -> Iterator[Person]:
        """Yield every customer; call `save` before."""
        return map(_decode, self._table.read())

    def fold(self, logged: LoggedEvent) -> None:
        """Apply the log's next event."""
        event = logged.event
        match event:
            case IdentitiesLinked():
                self._link(self._known(event.identity, event.identity_type, logged), event, logged)
            case IdentitiesUnlinked():
                self._unlink(event.identity, event.other)
            case FactErased():
                for kept in event.kept:  # they are known since then, whatever it was that named them
                    self._known(*kept, logged)
            case _:
                if named := touched(event, self._decision_at):
                    entry = self._known(*named, logged)
                    if not isinstance(event, DecisionTaken):  # which is no doing of hers
                        entry.conduct = None
                    apply(entry.person.identities[named[0]], logged, self._category_of, self._decision_at)
        self._named += [(identity, logged.seq) for identity in named_in(event)]
        self.seq = logged.seq

    def seqs_of(self, identities: Iterable[str]) -> list[int]:
        """Return where in the log these identities are named, in order; call `save` before."""
        return self._table.seqs_of(identities)

    def erase(self, identity: str) -> None:
        """Forget the customer that a known identity belongs to; call `save` before and after."""
        entry = self._entry(identity)
        if entry is None:
            raise LookupError("nothing is known under the identity to erase")
        self._leave(entry)
        self._gone_identities += entry.person.identities
        for one in entry.person.identities:
            self._roots.pop(one, None)

    def save(self) -> None:
        """Write what has changed into the log's open transaction; customers of long ago leave the memory."""
        if self.seq != self._saved_seq:
            self._write()
        self._absent.clear()
        for root in _first(self._entries, len(self._entries) - DECODED_MAX):
            del self._entries[root]
        for root in _first(self._held, len(self._held) - self._in_memory):
            self._entries.pop(root, None)
            for identity in (root, *self._held.pop(root).others):
                self._roots.pop(identity, None)

    def _write(self) -> None:
        bodies, owners = [], []
        for root, entry in self._changed.items():
            if entry.row is None:
                entry.row, self._next_row = self._next_row, self._next_row + 1
            body = _encode(entry.person)
            bodies.append((entry.row, body))
            owners += [(identity, entry.row) for identity in sorted(entry.unowned)]
            entry.changed, entry.unowned = False, set()
            self._hold(root, Held(entry.row, body, _others(root, entry.person)))
        self._table.save(
            self.seq,
            bodies=bodies,
            owners=owners,
            gone_rows=self._gone_rows,
            gone_identities=self._gone_identities,
            named=self._named,
        )
        self._changed, self._gone_rows, self._saved_seq = {}, [], self.seq
        self._gone_identities, self._named = [], []

    def _hold(self, root: str, held: Held) -> None:
        self._held.pop(root, None)
        self._held[root] = held  # now the last that leaves

    def _entry(self, identity: str) -> Entry | None:
        root = self._roots.get(identity, identity)
        if entry := self._entries.get(root):
            return entry
        if held := self._held.get(root):
            entry = Entry(_decode(held.body), held.row)
        elif identity not in self._absent and (found := self._table.find(identity)):
            entry = Entry(_decode(found[1]), found[0])
            root = entry.person.root
            self._remember_roots(root, entry.person)
            held = Held(found[0], found[1], _others(root, entry.person))
        else:
            self._absent.add(identity)  # asked for again when she becomes known, a moment later
            return None
        self._hold(root, held)
        self._entries[root] = entry
        return entry

    def _remember_roots(self, root: str, person: Person) -> None:
        for identity in _others(root, person):
            self._roots[identity] = root

    def _known(self, identity: str, identity_type: str, logged: LoggedEvent) -> Entry:
        """Return the entry of an identity's customer, a new one where it was never seen; it is about to change."""
        entry = self._entry(identity)
        if entry is None:
            known = Known(identity, identity_type, logged.seq, logged.time_us)
            entry = self._entries[identity] = Entry(Person({identity: known}), unowned={identity})
        self._changing(entry)
        return entry

    def _changing(self, entry: Entry) -> None:
        if not entry.changed:
            entry.changed = True
            self._changed[entry.person.root] = entry

    def _link(self, one: Entry, event: IdentitiesLinked, logged: LoggedEvent) -> None:
        other = self._known(event.other, event.other_type, logged)
        link = (min(event.identity, event.other), max(event.identity, event.other))
        if one is other:
            if link not in one.person.links:
                one.person.links.append(link)
            return
        older, younger = sorted((one, other), key=lambda entry: self._age(entry.person))
        self._leave(younger)
        older.unowned |= set(younger.person.identities)
        older.person, older.conduct = joined(older.person, younger.person, link), None
        self._remember_roots(older.person.root, older.person)

    def _unlink(self, identity: str, other: str) -> None:
        entry = self._entry(identity)
        link = (min(identity, other), max(identity, other))
        if entry is None or link not in entry.person.links:
            return
        self._changing(entry)
        entry.conduct = None
        entry.person.links.remove(link)
        entry.person, *parted = components(entry.person)
        for person in parted:
            entry.unowned -= set(person.identities)  # else she would own them again where both are saved together
            new = Entry(person, unowned=set(person.identities))
            self._entries[person.root] = new
            self._roots.pop(person.root, None)
            self._remember_roots(person.root, person)
            self._changing(new)

    def _leave(self, entry: Entry) -> None:
        root = entry.person.root
        del self._entries[root]
        self._held.pop(root, None)
        self._changed.pop(root, None)
        if entry.row is not None:
            self._gone_rows.append(entry.row)

    @staticmethod
    def _age(person: Person) -> tuple[int, str]:
        root = person.identities[person.root]
        return root.first_seq, root.identity


def _first(held: Mapping[str, object], count: int) -> list[str]:
    """Return so many of the keys, those that were put in first."""
    return list(islice(held, max(0, count)))


def _others(root: str, person: Person) -> tuple[str, ...]:
    return tuple(identity for identity in person.identities if identity != root)
