import pg from 'pg'
import { tlsRefusal } from '../tls/refusals.ts'

/** The database wants nothing to do with this client, which no waiting mends. */
export class DatabaseRefusal extends Error {
  override readonly name = 'DatabaseRefusal'
  readonly code: 'authentication_failed' | 'untrusted_certificate' | 'tls_mismatch'
  constructor(code: DatabaseRefusal['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

const advice: Readonly<Record<DatabaseRefusal['code'], string>> = {
  authentication_failed: 'See the user of DATABASE_URL and its password, there or in PENSTOCK_DATABASE_PASSWORD.',
  untrusted_certificate:
    'Name the authority that signed it in PENSTOCK_DATABASE_TLS_CA_FILE, and the server as its certificate does.',
  tls_mismatch:
    'PENSTOCK_DATABASE_TLS=verify-full speaks TLS with it; without it, and without sslmode, it is not spoken.',
}

/** SQLSTATEs of a wrong password, and of an entry of pg_hba.conf that lets this client in by no means. */
const unauthorized = ['28000', '28P01']

/** What node-postgres throws, without a code, for a server that has no TLS. */
const withoutTls = 'server does not support SSL'

const refusalOf = (error: Error): DatabaseRefusal['code'] | null => {
  if (error.message.includes(withoutTls) || error.message.endsWith('no encryption')) return 'tls_mismatch'
  if ('code' in error && unauthorized.includes(String(error.code))) return 'authentication_failed'
  return tlsRefusal(error)
}

/** The error of a connection that could not be made, with what to do where the server refused it. */
export const codedRefusal = (error: Error): Error => {
  const code = refusalOf(error)
  if (code === null) return error
  return new DatabaseRefusal(code, `PostgreSQL lets nobody in: ${error.message}. ${advice[code]}`, { cause: error })
}

/** A client whose errors of connecting are coded; pools make it in place of the driver's own. */
export class CodedClient extends pg.Client {
  override connect(): Promise<pg.Client>
  override connect(callback: ((error: Error) => void) | ((error: null, client: pg.Client) => void)): void
  override connect(
    callback?: ((error: Error) => void) | ((error: null, client: pg.Client) => void),
  ): Promise<pg.Client> | undefined {
    const told = callback as ((error: Error | null, client?: pg.Client) => void) | undefined
    if (!told)
      return super.connect().catch((error: Error) => {
        throw codedRefusal(error)
      })
    super.connect((error: Error | null, client?: pg.Client) => told(error && codedRefusal(error), client))
    return undefined
  }
}
