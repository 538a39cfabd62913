import { z } from 'zod'
import { setting, unset } from './define.ts'
import { brokers, file, flag, integer, oneOf, text, url } from './values.ts'

const name = () => text().nullable().default(unset)

/** Kafka: where it is, how it is spoken to, and what it has to be. */
export const kafkaSettings = z.object({
  brokers: setting(
    'KAFKA_BROKERS',
    brokers().nullable().default(unset),
    'Kafka 4.0 or later; without it an embedded one is started.',
  ),
  tls: setting(
    'PENSTOCK_KAFKA_TLS',
    flag().default(false),
    'Speak TLS with Kafka; the names of its certificates are always checked.',
  ),
  tlsCaFile: setting(
    'PENSTOCK_KAFKA_TLS_CA_FILE',
    file(),
    'The PEM file of the authority that signed its certificates; those that Node.js knows unless set.',
  ),
  tlsCertFile: setting(
    'PENSTOCK_KAFKA_TLS_CERT_FILE',
    file(),
    'The PEM file of a certificate to show to Kafka, with those between it and its authority.',
  ),
  tlsKeyFile: setting('PENSTOCK_KAFKA_TLS_KEY_FILE', file(), 'The PEM file of its private key, without a passphrase.'),
  saslMechanism: setting(
    'PENSTOCK_KAFKA_SASL_MECHANISM',
    oneOf('plain', 'scram-sha-256', 'scram-sha-512').nullable().default(unset),
    'How Kafka is shown a name and a password. plain sends the password as it is: with TLS alone.',
  ),
  saslUsername: setting('PENSTOCK_KAFKA_SASL_USERNAME', name(), 'That name.'),
  saslPassword: setting('PENSTOCK_KAFKA_SASL_PASSWORD', name(), 'That password.', true),
  saslPasswordFile: setting('PENSTOCK_KAFKA_SASL_PASSWORD_FILE', file(), 'A file that holds it, instead.'),
  allowPlainPassword: setting(
    'PENSTOCK_ALLOW_PLAIN_PASSWORD',
    flag().default(false),
    'Start although plain without TLS lets everybody on the way to Kafka read the password.',
  ),
  port: setting(
    'PENSTOCK_KAFKA_PORT',
    integer(0, 65535).default(0),
    'Port of the embedded Kafka; 0 takes a free one and remembers it.',
  ),
  sessionTimeoutMs: setting(
    'PENSTOCK_SESSION_TIMEOUT_MS',
    integer(6_000, 300_000).default(10_000),
    'Silence after which a worker is taken for dead and its lanes go to others, in ms.',
  ),
  replicationFactor: setting(
    'KAFKA_REPLICATION_FACTOR',
    integer(1, 32).optional(),
    'Copies of each topic that is made, of which all but one have what is committed; three, or as many as there are brokers, unless set.',
  ),
  allowOffsetExpiry: setting(
    'PENSTOCK_ALLOW_OFFSET_EXPIRY',
    flag().default(false),
    'Start although the broker forgets positions of groups that are idle; a long pause may then fail its job.',
  ),
})

/** The schema registry. */
export const registrySettings = z.object({
  url: setting(
    'SCHEMA_REGISTRY_URL',
    url(['http:', 'https:'], 'password').nullable().default(unset),
    'A Confluent-compatible schema registry; without it an embedded one is started.',
  ),
  username: setting(
    'PENSTOCK_REGISTRY_USERNAME',
    name(),
    'The name to show it, unless its URL has one; with some services it is called an API key.',
  ),
  password: setting('PENSTOCK_REGISTRY_PASSWORD', name(), 'The password to that name.', true),
  passwordFile: setting('PENSTOCK_REGISTRY_PASSWORD_FILE', file(), 'A file that holds it, instead.'),
  tlsCaFile: setting(
    'PENSTOCK_REGISTRY_TLS_CA_FILE',
    file(),
    'The PEM file of the authority that signed its certificate; those that Node.js knows unless set.',
  ),
  port: setting(
    'PENSTOCK_REGISTRY_PORT',
    integer(0, 65535).default(0),
    'Port of the embedded registry; 0 takes a free one and remembers it.',
  ),
})

/** PostgreSQL. */
export const databaseSettings = z.object({
  url: setting(
    'DATABASE_URL',
    url(['postgres:', 'postgresql:'], 'password').nullable().default(unset),
    'PostgreSQL 15 or later with pgvector 0.8 or later; without it an embedded one is started.',
  ),
  password: setting('PENSTOCK_DATABASE_PASSWORD', name(), 'The password to its user, unless the URL has it.', true),
  passwordFile: setting('PENSTOCK_DATABASE_PASSWORD_FILE', file(), 'A file that holds it, instead.'),
  tls: setting(
    'PENSTOCK_DATABASE_TLS',
    oneOf('require', 'verify-full').nullable().default(unset),
    'verify-full speaks TLS and checks whose certificate it is; require takes any. Unless set, what sslmode in the URL says to node-postgres.',
  ),
  tlsCaFile: setting(
    'PENSTOCK_DATABASE_TLS_CA_FILE',
    file(),
    'The PEM file of the authority that signed its certificate; those that Node.js knows unless set.',
  ),
  tlsCertFile: setting('PENSTOCK_DATABASE_TLS_CERT_FILE', file(), 'The PEM file of a certificate to show to it.'),
  tlsKeyFile: setting(
    'PENSTOCK_DATABASE_TLS_KEY_FILE',
    file(),
    'The PEM file of its private key, without a passphrase.',
  ),
  port: setting(
    'PENSTOCK_DATABASE_PORT',
    integer(0, 65535).default(0),
    'Port of the embedded database; 0 takes a free one and remembers it.',
  ),
})
