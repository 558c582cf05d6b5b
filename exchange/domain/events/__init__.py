"""Every fact a node can know, in one closed list.

Start at :mod:`~exchange.domain.events.core`: setting up, people, messages out and in, items, refusals. Then come retention and
reading; the other modules hold the facts of one kind of work each. Public fields are ids, codes, dates and hashes; whoever
holds the log file can read them. :data:`~exchange.domain.event.Private` fields are sealed under ``key_id``. No subject handle
stands in a public field, except as the stream id of the register's own events.
"""

from exchange.domain.events.areas import *  # noqa: F403
from exchange.domain.events.casework import *  # noqa: F403
from exchange.domain.events.conference import *  # noqa: F403
from exchange.domain.events.core import *  # noqa: F403 - the list is one, only its files are several
from exchange.domain.events.corrections import *  # noqa: F403
from exchange.domain.events.drafts import *  # noqa: F403
from exchange.domain.events.duties import *  # noqa: F403
from exchange.domain.events.facts import *  # noqa: F403
from exchange.domain.events.keeping import *  # noqa: F403
from exchange.domain.events.objections import *  # noqa: F403
