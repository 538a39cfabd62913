import type { Kind } from './kind.ts'
import { brokerKinds } from './kinds-of-brokers.ts'
import { clockKinds } from './kinds-of-clocks.ts'
import { diskKinds } from './kinds-of-disks.ts'
import { eventKinds } from './kinds-of-events.ts'
import { jobKinds } from './kinds-of-jobs.ts'
import { kafkaKinds } from './kinds-of-kafka.ts'
import { parserKinds } from './kinds-of-parsers.ts'
import { poisonKinds } from './kinds-of-poison.ts'
import { postgresKinds } from './kinds-of-postgres.ts'
import { processKinds } from './kinds-of-processes.ts'
import { providerKinds } from './kinds-of-providers.ts'
import { registryKinds } from './kinds-of-registry.ts'
import { slicesKinds } from './kinds-of-slices.ts'
import { tableKinds } from './kinds-of-tables.ts'
import { transactionKinds } from './kinds-of-transactions.ts'

/** Every kind of fault, by what it strikes. */
export const kinds: readonly Kind[] = [
  ...slicesKinds,
  ...processKinds,
  ...kafkaKinds,
  ...transactionKinds,
  ...postgresKinds,
  ...registryKinds,
  ...poisonKinds,
  ...jobKinds,
  ...providerKinds,
  ...parserKinds,
  ...tableKinds,
  ...eventKinds,
  ...clockKinds,
  ...diskKinds,
  ...brokerKinds,
]

/** Those with one of the texts in their name, or, for "row 8", those that stand for that row of the matrix. */
export const kindsNamed = (texts: readonly string[]): readonly Kind[] =>
  kinds.filter(({ name, rows }) =>
    texts.some(text => {
      const row = /^row (\d+)$/i.exec(text.trim())?.[1]
      return row === undefined ? name.toLowerCase().includes(text.toLowerCase()) : rows.includes(Number(row))
    }),
  )
