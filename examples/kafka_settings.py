"""Where Kafka is and how it is spoken to, by the variables that Penstock itself takes (docs/SECURITY.md)."""

import os
import re


def _password():
    word, file = os.environ.get("PENSTOCK_KAFKA_SASL_PASSWORD"), os.environ.get("PENSTOCK_KAFKA_SASL_PASSWORD_FILE")
    if word or not file:
        return word
    with open(file, encoding="utf-8", newline="") as opened:
        return re.sub(r"\r?\n\Z", "", opened.read())


def kafka_settings():
    tls = os.environ.get("PENSTOCK_KAFKA_TLS") in ("true", "1")
    mechanism = os.environ.get("PENSTOCK_KAFKA_SASL_MECHANISM")
    settings = {
        "bootstrap.servers": os.environ.get("KAFKA_BROKERS") or "127.0.0.1:9092",
        "security.protocol": ("SASL_" if mechanism else "") + ("SSL" if tls else "PLAINTEXT"),
    }
    if tls:
        settings["ssl.ca.location"] = os.environ.get("PENSTOCK_KAFKA_TLS_CA_FILE")
        settings["ssl.certificate.location"] = os.environ.get("PENSTOCK_KAFKA_TLS_CERT_FILE")
        settings["ssl.key.location"] = os.environ.get("PENSTOCK_KAFKA_TLS_KEY_FILE")
    if mechanism:
        settings["sasl.mechanism"] = mechanism.upper()
        settings["sasl.username"] = os.environ.get("PENSTOCK_KAFKA_SASL_USERNAME")
        settings["sasl.password"] = _password()
    return {name: value for name, value in settings.items() if value}
