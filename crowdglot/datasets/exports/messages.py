"""``messages``: chat messages, which most trainers and chat templates read."""

from crowdglot.datasets.exports.making.export import Export
from crowdglot.datasets.exports.making.views import chat_records

EXPORT = Export(chat_records(lambda view, messages, folded: {"messages": messages}))
