import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Broker, BrokerError } from '../../../src/kafka/broker.ts'
import { type KafkaOptions, openKafka } from '../../../src/kafka/kafkajs.ts'
import { freePort } from '../../../src/supervisor/ports.ts'
import { type Authority, makeAuthority, pemTexts } from '../../kit/certificates.ts'
import { type SecureKafka, startSecureKafka } from '../../kit/secure-kafka.ts'
import { temporaryFolder } from '../../kit/temporary-folder.ts'
import { until } from '../../kit/until.ts'
import { keys, Member, readAll, records, topicOf, unique, write } from '../kit.ts'

const password = 'a-word-of-alice'
const { folder, remove } = temporaryFolder('certificates')
let authority: Authority
let stranger: Authority
let kafka: SecureKafka
beforeAll(async () => {
  authority = await makeAuthority(folder)
  stranger = await makeAuthority(folder, 'stranger')
  kafka = await startSecureKafka(authority, password)
})
afterAll(async () => {
  await kafka?.stop()
  remove()
})

const ca = () => readFileSync(authority.caFile, 'utf8')
const sasl = (mechanism: NonNullable<KafkaOptions['sasl']>['mechanism'], given = password) => ({
  mechanism,
  username: 'alice',
  password: given,
})

const opened: Broker[] = []
const open = async (broker: string, security: Pick<KafkaOptions, 'ssl' | 'sasl'>): Promise<Broker> => {
  const one = await openKafka({ brokers: [broker], sessionTimeoutMs: 6000, heartbeatMs: 200, ...security })
  opened.push(one)
  return one
}
afterAll(() => Promise.all(opened.map(one => one.close())))
const refusal = (broker: string, security: Pick<KafkaOptions, 'ssl' | 'sasl'>): Promise<BrokerError> =>
  open(broker, security).then(
    () => {
      throw new Error('It was let in.')
    },
    (error: BrokerError) => error,
  )

/** Everything that the port offers: topics, transactions with offsets, a group, a reader without one, owners. */
const goesThrough = async (broker: Broker): Promise<void> => {
  const topic = await topicOf(broker, 1)
  await write(broker, topic, 0, records(0, 5))
  const group = unique('group')
  const member = await Member.join(broker, group, topic)
  await until('the member has its lane', () => member.lanes.length === 1)
  member.membership.seek(0, 0)
  member.membership.resume([0])
  await until('the records arrive', () => member.batches.flatMap(batch => batch.records).length === 5)
  expect(keys(member.batches.flatMap(batch => batch.records))).toEqual(['0', '1', '2', '3', '4'])
  const transactor = await broker.fence(unique('worker'))
  const transaction = await transactor.begin()
  await transaction.send(topic, 0, records(5, 1))
  await transaction.commitOffset(group, topic, 0, 5)
  await transaction.commit()
  expect(await broker.committed(group, topic, 0)).toBe(5)
  expect([...((await broker.owners(group, topic)) ?? [])]).toHaveLength(1)
  expect(keys(await readAll(broker, topic))).toEqual(['0', '1', '2', '3', '4', '5'])
  await member.membership.leave()
  await transactor.close()
}

describe('Kafka over TLS', () => {
  test.each(['plain', 'scram-sha-256', 'scram-sha-512'] as const)(
    'takes a name and a password by %s, for all that the line does with it',
    async mechanism => {
      await goesThrough(await open(kafka.secure, { ssl: { ca: ca() }, sasl: sasl(mechanism) }))
    },
  )

  test('takes a certificate of the client', async () => {
    const own = pemTexts(await authority.issue('worker'))
    await goesThrough(await open(kafka.mutual, { ssl: { ca: ca(), ...own } }))
  })
})

describe('a refusal has a code and says which setting to see', () => {
  test.each(['plain', 'scram-sha-512'] as const)('for a wrong password by %s', async mechanism => {
    const error = await refusal(kafka.secure, { ssl: { ca: ca() }, sasl: sasl(mechanism, 'another-word') })
    expect(error).toMatchObject({ code: 'authentication_failed' })
    expect(error.message).toContain('PENSTOCK_KAFKA_SASL_PASSWORD')
    expect(error.message).not.toContain('another-word')
  })

  test('for a mechanism that the broker does not offer', async () => {
    const error = await refusal(kafka.mutual, {
      ssl: { ca: ca(), ...pemTexts(await authority.issue('other')) },
      sasl: sasl('plain'),
    })
    expect(error).toMatchObject({ code: 'authentication_failed' })
  })

  test('for an authority that is not known', async () => {
    const ssl = { ca: readFileSync(stranger.caFile, 'utf8') }
    const error = await refusal(kafka.secure, { ssl, sasl: sasl('plain') })
    expect(error).toMatchObject({ code: 'untrusted_certificate' })
    expect(error.message).toContain('PENSTOCK_KAFKA_TLS_CA_FILE')
  })

  test('for a broker by another name than its certificate has', async () => {
    const ssl = { ca: ca() }
    const error = await refusal(kafka.secure.replace('127.0.0.1', 'localhost'), { ssl, sasl: sasl('plain') })
    expect(error).toMatchObject({ code: 'untrusted_certificate' })
  })

  test('for a client without TLS at a port with it', async () => {
    const error = await refusal(kafka.secure, { sasl: sasl('plain') })
    expect(error).toMatchObject({ code: 'tls_mismatch' })
    expect(error.message).toContain('set PENSTOCK_KAFKA_TLS=true')
  })

  test('for a client with TLS at a port without it', async () => {
    const error = await refusal(kafka.plain, { ssl: { ca: ca() } })
    expect(error).toMatchObject({ code: 'tls_mismatch' })
    expect(error.message).toContain('PENSTOCK_KAFKA_TLS')
  })

  test('for a certificate that is not the broker’s to take', async () => {
    const own = pemTexts(await stranger.issue('intruder'))
    expect(await refusal(kafka.mutual, { ssl: { ca: ca(), ...own } })).toMatchObject({ code: 'tls_mismatch' })
    expect(await refusal(kafka.mutual, { ssl: { ca: ca() } })).toMatchObject({ code: 'tls_mismatch' })
  })

  test('and a broker that only closes the connection is said to want a password, perhaps', async () => {
    const error = await refusal(kafka.secure, { ssl: { ca: ca() } })
    expect(error).toMatchObject({ code: 'unreachable' })
    expect(error.message).toContain('PENSTOCK_KAFKA_SASL_MECHANISM')
  })

  test('but not where nothing listens', async () => {
    const error = await refusal(`127.0.0.1:${await freePort()}`, {})
    expect(error).toMatchObject({ code: 'unreachable' })
    expect(error.message).not.toContain('PENSTOCK_KAFKA')
  })
})

test('a broker that was opened says so as well, when the password is changed beneath it', async () => {
  const broker = await open(kafka.secure, { ssl: { ca: ca() }, sasl: sasl('plain') })
  const member = await Member.join(broker, unique('group'), await topicOf(broker, 1))
  await until('the member has its lane', () => member.lanes.length === 1)
  await kafka.restartWith('a-newer-word')
  await expect(broker.clusterId()).rejects.toMatchObject({ code: 'authentication_failed' })
  await until('its member is told as well', () => member.failures.length > 0, 20_000)
  expect(member.failures).toMatchObject([{ code: 'authentication_failed' }])
  await kafka.restartWith(password)
  expect(await broker.clusterId()).toMatch(/^\S{22}$/)
}, 90_000)
