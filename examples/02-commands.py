"""Asks Penstock for something by Kafka instead of HTTP, and waits for the outcome.

    pip install confluent-kafka fastavro
    python examples/02-commands.py start handbook '{"sources": [{"type": "markdown", "path": "docs"}]}'
    python examples/02-commands.py pause handbook EMBEDDING

KAFKA_BROKERS and SCHEMA_REGISTRY_URL say where, and PENSTOCK_KAFKA_… how (TLS, SASL); an application would connect once and keep its own command ids.
"""

import io
import json
import os
import struct
import sys
import urllib.request
import uuid

from confluent_kafka import Consumer, Producer
from fastavro import parse_schema, schemaless_reader, schemaless_writer
from kafka_settings import kafka_settings

registry = os.environ.get("SCHEMA_REGISTRY_URL", "http://127.0.0.1:8081").rstrip("/")


def get(path):
    with urllib.request.urlopen(registry + path) as answer:
        return json.load(answer)


def encode(subject, value):
    """The Confluent wire format: a zero byte, the id of the schema, the value in Avro."""
    latest = get(f"/subjects/{subject}/versions/latest")
    out = io.BytesIO()
    out.write(struct.pack(">bI", 0, latest["id"]))
    schemaless_writer(out, parse_schema(json.loads(latest["schema"])), value)
    return out.getvalue()


def decode(data):
    _, schema_id = struct.unpack(">bI", data[:5])
    schema = parse_schema(json.loads(get(f"/schemas/ids/{schema_id}")["schema"]))
    return schemaless_reader(io.BytesIO(data[5:]), schema)


if len(sys.argv) < 3:
    sys.exit("Usage: python examples/02-commands.py VERB KB [REQUEST or PHASE]")
verb, kb_id = sys.argv[1:3]
argument = sys.argv[3] if len(sys.argv) > 3 else None

# Sent twice, a command is carried out once: whoever does not know whether it arrived sends it again.
command = {
    "type": "job_command",
    "command_id": str(uuid.uuid4()),
    "verb": verb,
    "kb_id": kb_id,
    "phase": None if verb == "start" else argument,
    "request": argument if verb == "start" else None,
}

consumer = Consumer(
    {
        **kafka_settings(),
        "group.id": f"example-{command['command_id']}",
        "auto.offset.reset": "earliest",
        "isolation.level": "read_committed",
    }
)
consumer.subscribe(["job.events"])

producer = Producer({**kafka_settings(), "enable.idempotence": True})
# One key a knowledge base keeps its commands in order, also on more than one partition.
producer.produce("job.commands", key=kb_id, value=encode("job.commands-penstock.JobCommand", command))
producer.flush()

while True:
    message = consumer.poll(1.0)
    if message is None or message.error():
        continue
    event = decode(message.value())
    if event["command_id"] == command["command_id"]:
        print(json.dumps(event))
        break
consumer.close()
