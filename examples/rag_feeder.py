"""Keep a search index in step with a library: `python rag_feeder.py CONNECTION_ID INDEX_FILE`.

Run it from cron, or when a `sync` webhook comes. Only what changed since the last run is read: the
cursor of the last record that was dealt with is kept beside the index, in one transaction with it.
"""

import os
import sqlite3
import sys

from fairlead.client import Fairlead, ProxiedError
from fairlead.client.shapes import Record

INTEGRATION = os.environ.get("INTEGRATION", "sp")
#: what is worth reading as text
TEXTS = (".txt", ".md", ".csv", ".html")
#: characters of a piece; yours goes by sentences, and on to an embedding
PIECE = 1000


def open_index(file: str) -> sqlite3.Connection:
    """Open an index; a vector store would stand here."""
    index = sqlite3.connect(file)
    index.execute("CREATE TABLE IF NOT EXISTS pieces (record TEXT, path TEXT, text TEXT)")
    index.execute("CREATE TABLE IF NOT EXISTS position (cursor TEXT)")
    return index


def text_of(fairlead: Fairlead, record: Record, connection_id: str) -> str:
    """Download a file's text; "" if it is gone meanwhile: its deletion is a later record."""
    path = f"/v1.0/drives/{record['driveId']}/items/{record['itemId']}/content"
    try:
        with fairlead.proxy.get(
            path, provider_config_key=INTEGRATION, connection_id=connection_id
        ) as reply:
            return reply.text()
    except ProxiedError as error:
        if error.status == 404:
            return ""
        raise


def feed(fairlead: Fairlead, index: sqlite3.Connection, connection_id: str) -> int:
    """Bring the index up to date; return how many records had changed."""
    last = index.execute("SELECT cursor FROM position").fetchone()
    changed = 0
    for record in fairlead.records.list(
        "DriveItem",
        provider_config_key=INTEGRATION,
        connection_id=connection_id,
        cursor=last[0] if last else None,
    ):
        about = record["_nango_metadata"]
        is_text = record.get("file") and (record.get("name") or "").lower().endswith(TEXTS)
        text = ""
        if is_text and about["last_action"] != "DELETED":
            text = text_of(fairlead, record, connection_id)
        pieces = [text[start : start + PIECE] for start in range(0, len(text), PIECE)]
        with index:  # the pieces and the position together, or neither
            index.execute("DELETE FROM pieces WHERE record = ?", (record["id"],))
            index.executemany(
                "INSERT INTO pieces VALUES (?, ?, ?)",
                [(record["id"], record["path"], piece) for piece in pieces],
            )
            index.execute("DELETE FROM position")
            index.execute("INSERT INTO position VALUES (?)", (about["cursor"],))
        changed += 1
    return changed


if __name__ == "__main__":
    with Fairlead() as client:
        print(feed(client, open_index(sys.argv[2]), sys.argv[1]), "records had changed")
