"""Cards of several drivers in one machine, as one set of cards."""

from dataclasses import dataclass, field, replace

from hardware.gpu.backend import CardFacts, CardLost, Envelope, GpuBackend, Limits, Telemetry


@dataclass(slots=True)
class Together:
    """Hands each call to the backend whose card it is; indices go on from one to the next."""

    backends: tuple[GpuBackend, ...]
    _facts: tuple[CardFacts, ...] = ()
    _owners: dict[str, GpuBackend] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for backend in self.backends:
            self._adopt(backend, backend.cards())

    @property
    def kind(self) -> str:
        """Return the kinds, joined."""
        return "+".join(backend.kind for backend in self.backends)

    @property
    def note(self) -> str | None:
        """Return what is missing anywhere."""
        notes = [backend.note for backend in self.backends if backend.note]
        return "; ".join(notes) or None

    def driver_start(self) -> str:
        """Return what changes when any driver is loaded again."""
        return "+".join(backend.driver_start() for backend in self.backends)

    def cards(self) -> tuple[CardFacts, ...]:
        """Return the cards of all drivers."""
        return self._facts

    def rescan(self) -> tuple[CardFacts, ...]:
        """Look again everywhere; return the cards that are new."""
        found: tuple[CardFacts, ...] = ()
        for backend in self.backends:
            found = (*found, *self._adopt(backend, backend.rescan()))
        return found

    def envelope(self, gpu_id: str) -> Envelope:
        """Return the range that the card accepts now."""
        return self._owner(gpu_id).envelope(gpu_id)

    def limits(self, gpu_id: str) -> Limits:
        """Return the card's limit and what it enforces."""
        return self._owner(gpu_id).limits(gpu_id)

    def write_limit(self, gpu_id: str, limit_w: float) -> None:
        """Tell the card a limit inside its envelope."""
        self._owner(gpu_id).write_limit(gpu_id, limit_w)

    def park(self, gpu_id: str, *, parked: bool) -> None:
        """Idle the card, or let it work again."""
        self._owner(gpu_id).park(gpu_id, parked=parked)

    def lock_clocks(self, gpu_id: str, max_mhz: float | None) -> None:
        """Hold the card's cores at or below a clock."""
        self._owner(gpu_id).lock_clocks(gpu_id, max_mhz)

    def persistence(self, gpu_id: str) -> bool | None:
        """Return whether the card's state survives its last client."""
        return self._owner(gpu_id).persistence(gpu_id)

    def write_persistence(self, gpu_id: str, *, on: bool) -> None:
        """Let the driver keep the card's limit, or not."""
        self._owner(gpu_id).write_persistence(gpu_id, on=on)

    def telemetry(self, gpu_id: str) -> Telemetry:
        """Return what the card does now."""
        return self._owner(gpu_id).telemetry(gpu_id)

    def close(self) -> None:
        """Let go of every driver."""
        for backend in self.backends:
            backend.close()

    def _adopt(self, backend: GpuBackend, cards: tuple[CardFacts, ...]) -> tuple[CardFacts, ...]:
        taken = {facts.index for facts in self._facts}
        adopted = []
        for facts in cards:
            index = facts.index if facts.index not in taken else max(taken) + 1
            taken.add(index)
            adopted.append(replace(facts, index=index))
            self._owners[facts.gpu_id] = backend
        self._facts = (*self._facts, *adopted)
        return tuple(adopted)

    def _owner(self, gpu_id: str) -> GpuBackend:
        owner = self._owners.get(gpu_id)
        if owner is None:
            raise CardLost(f"{gpu_id}: no such card; see `solard gpu list`")
        return owner
