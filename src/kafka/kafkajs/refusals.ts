import { once } from 'node:events'
import net from 'node:net'
import tls from 'node:tls'
import { tlsRefusal } from '../../tls/refusals.ts'
import { BrokerError } from '../broker.ts'

/** Why brokers want nothing to do with this client, which no waiting mends. */
export type Refusal = 'authentication_failed' | 'untrusted_certificate' | 'tls_mismatch'

const advice: Readonly<Record<Refusal, string>> = {
  authentication_failed:
    'See PENSTOCK_KAFKA_SASL_MECHANISM, PENSTOCK_KAFKA_SASL_USERNAME and PENSTOCK_KAFKA_SASL_PASSWORD.',
  untrusted_certificate:
    'Name the authority that signed it in PENSTOCK_KAFKA_TLS_CA_FILE, and the brokers as their certificates do.',
  tls_mismatch:
    'It may not speak TLS at this port (PENSTOCK_KAFKA_TLS), or want another certificate (PENSTOCK_KAFKA_TLS_CERT_FILE).',
}

const unauthenticated = /SASL/

/** An error of KafkaJS that says so, as one of the port's with what to do; null where it is another. */
export const refused = (doing: string, error: Error): BrokerError | null => {
  const code = isUnauthenticated(error) ? 'authentication_failed' : tlsRefusal(error)
  if (code === null) return null
  return new BrokerError(code, `${doing}: ${sentence(error.message)} ${advice[code]}`, { cause: error })
}

/** KafkaJSSASLAuthenticationError, or what the broker calls SASL_AUTHENTICATION_FAILED. */
const isUnauthenticated = (error: unknown): boolean =>
  error instanceof Error &&
  (unauthenticated.test(error.name) ||
    ('type' in error && unauthenticated.test(String(error.type))) ||
    isUnauthenticated(error.cause))

interface Client {
  readonly brokers: readonly string[]
  readonly ssl?: unknown
  readonly sasl?: unknown
}

/**
 * What a broker that was out of reach may have wanted: one that speaks TLS says so when it is asked in TLS; one that wants
 * a name and a password only closes the connection.
 */
export const wanted = async ({ brokers, ssl, sasl }: Client, error: BrokerError): Promise<BrokerError> => {
  if (error.code !== 'unreachable') return error
  if (!ssl && (await speaksTls(brokers[0]!)))
    return new BrokerError(
      'tls_mismatch',
      `${sentence(error.message)} It speaks TLS at this port: set PENSTOCK_KAFKA_TLS=true.`,
      { cause: error },
    )
  if (sasl || !isClosed(error)) return error
  const hint = 'If it wants a name and a password, set PENSTOCK_KAFKA_SASL_MECHANISM.'
  return new BrokerError(error.code, `${sentence(error.message)} ${hint}`, { cause: error })
}

const isClosed = (error: unknown): boolean =>
  error instanceof Error && (error.name === 'KafkaJSConnectionClosedError' || isClosed(error.cause))

const answerWithinMs = 3_000

const speaksTls = async (broker: string): Promise<boolean> => {
  const { hostname, port } = new URL(`kafka://${broker}`)
  const host = hostname.replace(/^\[(.+)\]$/, '$1')
  const socket = tls.connect({
    ...{ host, port: Number(port), rejectUnauthorized: false },
    ...(net.isIP(host) ? {} : { servername: host }),
  })
  try {
    await once(socket, 'secureConnect', { signal: AbortSignal.timeout(answerWithinMs) })
    return true
  } catch (error) {
    if (error instanceof Error) return false
    throw error
  } finally {
    socket.on('error', () => undefined)
    socket.destroy()
  }
}

const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`)
