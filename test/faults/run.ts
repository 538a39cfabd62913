/**
 * Strikes a running installation with faults and holds every job against the invariant: nothing lost, nothing doubled.
 *
 *     npm run faults -- [--faults 40] [--seed 1] [--only NAME | --only "row 8"] [--short] [--plain]
 *         [--within 240] [--bail] [--json] [--out FILE]
 *     npm run faults -- --list
 *     npm run faults -- --planted [--only NAME] [--faults 3] [--seed 1]
 *
 * Starts Kafka, a registry, PostgreSQL with pgvector and every role as processes of its own, and ends them; kinds that
 * want three brokers, or disks that can be full, come after the others, on an installation of their own. The seed decides
 * which faults come in which order and where they strike. `--only` takes the kinds whose name has the text in it, or
 * those of a row of the matrix, and may be given more than once; `--short` leaves out those that take longer than 20 s,
 * `--plain` those that want three brokers or disks that can be full.
 * `--within` are the seconds that a job may take, `--bail` ends with the first fault that did not hold.
 * `--json` prints the figures as JSON, `--out` writes them to a file. `--planted` plants bugs that must be seen. Ends
 * with 1 when the invariant was broken, or a planted bug was not seen.
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { kindsNamed } from './kinds.ts'
import { plantAll } from './plant.ts'
import { type Played, play, unplayable } from './play.ts'
import { figures, table } from './report.ts'
import { openRig } from './rig.ts'
import { bySetting, schedule } from './schedule.ts'

const { values } = parseArgs({
  options: {
    faults: { type: 'string' },
    seed: { type: 'string' },
    only: { type: 'string', multiple: true, default: [''] },
    short: { type: 'boolean', default: false },
    plain: { type: 'boolean', default: false },
    within: { type: 'string' },
    bail: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    planted: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    out: { type: 'string' },
  },
})
const number = (name: 'faults' | 'seed' | 'within', otherwise: number): number => {
  const value = Number(values[name] ?? otherwise)
  if (Number.isSafeInteger(value) && value > 0) return value
  console.error(`--${name} takes a whole number above 0, not ${values[name]}.`)
  process.exit(2)
}
const seed = number('seed', 1)
if (values.planted) process.exit((await plantAll(values.only, number('faults', 3), seed)) === 0 ? 0 : 1)

const chosen = kindsNamed(values.only).filter(
  ({ takesMs, setting }) => (!values.short || takesMs <= 20_000) && (!values.plain || setting === undefined),
)
if (values.list) {
  for (const { name, rows, threatens } of chosen) console.log(`${name} (row ${rows.join(', ')}): ${threatens}`)
  process.exit()
}
if (chosen.length === 0) {
  console.error(`No fault has "${values.only.join('" or "')}" in its name; --list shows them all.`)
  process.exit(2)
}

/** With `--json` the output is the figures alone. */
const say = (line: string) => (values.json ? console.error(line) : console.log(line))
const plan = schedule(chosen, number('faults', 40), seed)
say(`${plan.length} faults of ${chosen.length} kinds, seed ${seed}`)
const withinMs = 1_000 * number('within', 240)
const played: Played[] = []
const summary = () => {
  const count = (outcome: Played['outcome']) => played.filter(one => one.outcome === outcome).length
  const [held, broken, missed] = [count('held'), count('broken'), count('missed')]
  return { seed, faults: played.length, held, broken, missed, kinds: figures(played), played }
}
/** After each fault, so that a run that is broken off tells of those before. */
const keep = () => {
  if (values.out !== undefined) writeFileSync(values.out, `${JSON.stringify(summary(), null, 2)}\n`)
}
let close = () => Promise.resolve()
for (const name of ['SIGINT', 'SIGTERM'] as const)
  process.once(name, () => void close().finally(() => process.exit(130)))
for (const [setting, faults] of bySetting(plan)) {
  const rig = await openRig(setting, withinMs)
  close = rig.close
  try {
    for (const one of faults) {
      if (values.bail && played.some(({ outcome }) => outcome === 'broken')) break
      const begun = performance.now()
      const result = await play(rig, one, `struck-${played.length + 1}`).catch(error => unplayable(one, error))
      played.push(result)
      keep()
      const took = ((performance.now() - begun) / 1000).toFixed(1)
      const why = [result.note, result.error].map(line => (line === null ? '' : `\n   ${line}`)).join('')
      say(`${played.length}. ${one.kind.name} (${one.seed}): ${result.outcome} in ${took} s${why}`)
    }
  } finally {
    await rig.close()
  }
}

const { held, broken, missed, kinds } = summary()
if (values.json) console.log(JSON.stringify(summary(), null, 2))
say(`\n${table(kinds)}\n`)
say(`${held} held, ${broken} broken, ${missed} found no occasion; seed ${seed}`)
process.exitCode = broken > 0 ? 1 : 0
