import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Poison } from '../kit/poisoned-parsers.ts'
import { until } from '../kit/until.ts'
import { folders } from '../system/scenario.ts'
import type { Kind } from './kind.ts'
import { NotStruck } from './not-struck.ts'

/** A file is tried twice, each time for as long as a parser may take, on a machine with other work. */
const withinMs = 60_000

/** In the source that LOADING comes to last. */
const poisoned = `${folders - 1}/d${folders - 1}.md`

const kindOf = (poison: Poison, ...codes: readonly string[]): Kind => ({
  name: `a parser ${poison}`,
  rows: poison === 'swells' ? [30, 38] : [30],
  threatens: 'one file stops its lane, or ends the process',
  takesMs: 10_000,
  async strike({ penstock }, { job, tell }) {
    const { client, corpus, ledger, witness } = penstock
    await witness.slow('loading', 1)
    const text = readFileSync(join(corpus, poisoned), 'utf8')
    penstock.write(poisoned, `---\npoison: ${poison}\n---\n${text}`)
    const rejected = async () => {
      const { groups } = await client.deadLetters({ params: { job_id: job }, query: {} })
      return groups.find(group => codes.includes(group.code))
    }
    try {
      await until(`${poisoned} is rejected`, rejected, withinMs).catch(cause => {
        if (ledger.endMarks(job, 'loading') > 0) throw new NotStruck('the file had been read')
        throw cause
      })
    } finally {
      penstock.write(poisoned, text)
    }
    await ledger.caughtUp()
    const bites = ledger.of(job, 'loading').map(({ at }) => at)
    const took = bites.slice(1).map((at, i) => (at - bites[i]!) / 1000)
    const [longest, usual] = [Math.max(...took), took.toSorted((a, b) => a - b)[took.length >> 1]!]
    tell({
      expected: { rejected: 1, unread: [poisoned] },
      note: `the bite of the file took ${longest.toFixed(1)} s, the others ${usual.toFixed(1)} s`,
    })
  },
})

export const parserKinds: readonly Kind[] = [
  kindOf('hangs', 'parser_timeout'),
  kindOf('dies', 'parser_died'),
  // On a slow machine its time may be over first.
  kindOf('swells', 'parser_out_of_memory', 'parser_timeout'),
]
