"""Publishes a document to Penstock as an upstream system does, or says that it is gone: Avro, with a trace context.

    pip install confluent-kafka fastavro
    python examples/03-upstream.py tickets ticket:17 'The valve leaks.'
    python examples/03-upstream.py tickets ticket:17

KAFKA_BROKERS and SCHEMA_REGISTRY_URL say where, and PENSTOCK_KAFKA_… how (TLS, SASL); an application would connect once and send many.
"""

import datetime
import io
import json
import os
import secrets
import struct
import sys
import urllib.request

from confluent_kafka import Producer
from fastavro import parse_schema, schemaless_writer
from kafka_settings import kafka_settings

registry = os.environ.get("SCHEMA_REGISTRY_URL", "http://127.0.0.1:8081").rstrip("/")
subject = "upstream.documents-penstock.UpstreamDocument"


def encode(value):
    """The Confluent wire format: a zero byte, the id of the schema, the value in Avro. Penstock has registered the schema."""
    with urllib.request.urlopen(f"{registry}/subjects/{subject}/versions/latest") as answer:
        latest = json.load(answer)
    out = io.BytesIO()
    out.write(struct.pack(">bI", 0, latest["id"]))
    schemaless_writer(out, parse_schema(json.loads(latest["schema"])), value)
    return out.getvalue()


if len(sys.argv) < 3:
    sys.exit("Usage: python examples/03-upstream.py KB URI [TEXT]")
kb_id, uri = sys.argv[1:3]
text = sys.argv[3] if len(sys.argv) > 3 else None

document = {
    "type": "upstream_document",
    "kb_id": kb_id,
    "uri": uri,
    "title": None,
    "media_type": "text/markdown",
    "text": text,
    "metadata": {},
    "language": None,
    "deleted": False,
    "occurred_at": datetime.datetime.now(datetime.timezone.utc).isoformat(),
}
trace_id = secrets.token_hex(16)
headers = {"kb_id": kb_id, "traceparent": f"00-{trace_id}-{secrets.token_hex(8)}-01"}


def delivered(error, message):
    if error is not None:
        sys.exit(f"not published: {error}")
    place = {"uri": uri, "partition": message.partition(), "offset": message.offset(), "trace_id": trace_id}
    print(json.dumps(place))


producer = Producer(
    {
        **kafka_settings(),
        "enable.idempotence": True,
        "compression.type": "snappy",
        # That of Kafka's own clients: one partition a uri, whatever language says something of it.
        "partitioner": "murmur2",
    }
)
# The uri as the key keeps what is said of a document in order. No value deletes; then a header says of which knowledge base.
value = None if text is None else encode(document)
producer.produce("upstream.documents", key=uri, value=value, headers=headers, on_delivery=delivered)
producer.flush()
