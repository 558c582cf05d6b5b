"""What somebody may fill in: the covenant's rules read forward, and of whom a person was told already."""

from __future__ import annotations

from exchange.domain.suggestions import Way
from exchange.domain.suggestions import suggest as of_covenant
from exchange.domain.vocabulary import Kind
from exchange.errors import N_, NotFoundError
from exchange.node import draft_forms as df
from exchange.node import restrictions
from exchange.node.codes import UnknownCodesError, unknown_code
from exchange.node.context import Context
from exchange.node.register import Reads
from exchange.node.service import Actor

_PURPOSE = N_("The covenant has no purpose “{code}”. Known are: {known}.")
_MEANT_PURPOSE = N_("The covenant has no purpose “{code}”. Did you mean {meant}? Known are: {known}.")


async def suggest(ctx: Context, reads: Reads, actor: Actor, form: df.SuggestForm) -> df.SuggestionAnswer:
    """What this partner may share in such a message; with a subject also what is on record about telling that person.

    Raises:
        NotFoundError: The subject is not in the register.
        UnknownCodesError: The covenant has no such purpose.
    """
    covenant = ctx.covenants.current.covenant
    if form.purpose is not None and form.purpose not in covenant.index.purposes:
        known = list(covenant.index.purposes)
        raise UnknownCodesError(
            [unknown_code("body.purpose", "unknown-purpose", form.purpose, known, _PURPOSE, _MEANT_PURPOSE)]
        )
    found = of_covenant(covenant, ctx.me.slug, Kind(form.kind), form.purpose)
    answer = df.SuggestionAnswer(
        kind=form.kind,
        bases=list(found.bases),
        tasks=list(found.tasks),
        contexts=list(found.contexts),
        signal_kinds=list(found.signal_kinds),
        profiles=list(found.profiles),
        notice=found.notice,
        weighing=found.weighing,
        ways=[_way(way) for way in found.ways],
    )
    if form.subject is not None:
        person = ctx.people.resolve(form.subject)
        if person is None:
            raise NotFoundError("There is no such subject in this node's register.")
        await reads.log(actor, "disclosure.suggest", [person.handle])
        same = [entry.handle for entry in ctx.people.same(person.handle)]
        answer.told = sorted({partner for told in ctx.facts.notices_of(same) for partner in told.recipients})
        answer.restricted = restrictions.everything(ctx, person.handle)
    return answer


def _way(way: Way) -> df.WayAnswer:
    return df.WayAnswer(
        recipient=way.recipient,
        purpose=way.purpose,
        bases=list(way.bases),
        decision=way.decision,
        offers=[
            df.OfferAnswer(
                category=offer.category,
                fields=list(offer.fields),
                tasks=list(offer.tasks),
                lifts=[
                    df.LiftAnswer(ground=lift.ground, tasks=list(lift.tasks), beside=lift.beside)
                    for lift in offer.lifts
                ],
                police=offer.police,
                secrecy=offer.secrecy,
            )
            for offer in way.offers
        ],
    )
