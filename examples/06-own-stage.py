"""A stage of your own beside the line, in Python: it consumes what LOADING publishes, and produces to a topic of yours.

    pip install confluent-kafka fastavro
    python examples/06-own-stage.py document.words

KAFKA_BROKERS and SCHEMA_REGISTRY_URL say where, and PENSTOCK_KAFKA_… how (TLS, SASL). Here each document's words are counted: {"job_id", "uri", "version", "words"}.
docs/TOPICS.md has every topic and record. A topic carries several types of records, told apart by `type`; skip those that
you do not know. `read_committed` leaves out what a worker wrote and did not commit. The records of a job are deleted when it
has ended, so a stage beside the line has to keep up, or to be told of a gap by its own committed offsets.

Reading, producing and the position are one transaction: each document is counted once, whatever dies. One process a group:
with several, give each its own transactional.id.
"""

import io
import json
import os
import signal
import struct
import sys
import urllib.request

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from fastavro import parse_schema, schemaless_reader
from kafka_settings import kafka_settings

registry = os.environ.get("SCHEMA_REGISTRY_URL", "http://127.0.0.1:8081").rstrip("/")
if len(sys.argv) != 2:
    sys.exit("Usage: python examples/06-own-stage.py TOPIC")
out_topic = sys.argv[1]

schemas = {}


def decode(value):
    """The Confluent wire format: a zero byte, the id of the writer's schema, the value in Avro."""
    _, schema_id = struct.unpack(">bI", value[:5])
    if schema_id not in schemas:
        with urllib.request.urlopen(f"{registry}/schemas/ids/{schema_id}") as answer:
            schemas[schema_id] = parse_schema(json.loads(json.load(answer)["schema"]))
    return schemaless_reader(io.BytesIO(value[5:]), schemas[schema_id])


def counted(document):
    kept = {name: document[name] for name in ("job_id", "uri", "version")}
    return json.dumps({**kept, "words": len(document["text"].split())})


running = True


def stop(*_):
    global running
    running = False


signal.signal(signal.SIGINT, stop)
signal.signal(signal.SIGTERM, stop)

consumer = Consumer(
    {
        **kafka_settings(),
        "group.id": "own-stage-words",
        "isolation.level": "read_committed",
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
    }
)
producer = Producer({**kafka_settings(), "transactional.id": "own-stage-words-1"})
producer.init_transactions()
consumer.subscribe(["documents"])
print("Documents are counted", flush=True)
while running:
    messages = consumer.consume(500, timeout=0.5)
    for message in messages:
        if message.error() and message.error().code() != KafkaError._PARTITION_EOF:
            raise KafkaException(message.error())
    records = [message for message in messages if not message.error()]
    if not records:
        continue
    producer.begin_transaction()
    for record in records:
        document = decode(record.value())
        if document["type"] == "document" and not document["deleted"]:
            producer.produce(out_topic, key=document["uri"], value=counted(document))
    following = {(record.topic(), record.partition()): record.offset() + 1 for record in records}
    positions = [TopicPartition(topic, partition, offset) for (topic, partition), offset in following.items()]
    producer.send_offsets_to_transaction(positions, consumer.consumer_group_metadata())
    producer.commit_transaction()
consumer.close()
