/**
 * Strikes a running installation with faults and holds every job against the invariant: nothing lost, nothing doubled.
 *
 *     npm run faults -- [--faults 40] [--seed 1] [--only NAME] [--short] [--list]
 *
 * Starts Kafka, a registry, PostgreSQL with pgvector and every role as processes of its own, and ends them. The seed
 * decides which faults come in which order and where they strike; `--only` takes those whose name has the text in it,
 * `--short` leaves out those that take longer than 20 s. Ends with 1 when the invariant was broken.
 */
import { parseArgs } from 'node:util'
import { kinds } from './kinds.ts'
import { type Played, play } from './play.ts'
import { report } from './report.ts'
import { openRig } from './rig.ts'
import { schedule } from './schedule.ts'

const { values } = parseArgs({
  options: {
    faults: { type: 'string', default: '40' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    short: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const number = (name: 'faults' | 'seed'): number => {
  const value = Number(values[name])
  if (Number.isSafeInteger(value) && value > 0) return value
  console.error(`--${name} takes a whole number above 0, not ${values[name]}.`)
  process.exit(2)
}
const chosen = kinds.filter(
  ({ name, takesMs }) => name.toLowerCase().includes(values.only.toLowerCase()) && (!values.short || takesMs <= 20_000),
)
if (values.help || values.list) {
  if (values.help) console.log('npm run faults -- [--faults 40] [--seed 1] [--only NAME] [--short] [--list]\n')
  for (const { name, threatens } of chosen) console.log(`${name}: ${threatens}`)
  process.exit()
}
if (chosen.length === 0) {
  console.error(`No fault has "${values.only}" in its name; --list shows them all.`)
  process.exit(2)
}

const plan = schedule(chosen, number('faults'), number('seed'))
console.log(`${plan.length} faults of ${chosen.length} kinds, seed ${values.seed}`)
const rig = await openRig()
for (const name of ['SIGINT', 'SIGTERM'] as const)
  process.once(name, () => void rig.close().finally(() => process.exit(130)))
const played: Played[] = []
try {
  for (const [i, one] of plan.entries()) {
    const begun = performance.now()
    const result = await play(rig, one, `struck-${i + 1}`)
    played.push(result)
    const took = ((performance.now() - begun) / 1000).toFixed(1)
    console.log(
      `${i + 1}. ${one.kind.name} (${one.seed}): ${result.outcome} in ${took} s${result.error ? `\n${result.error}` : ''}`,
    )
  }
} finally {
  await rig.close()
}
const count = (outcome: Played['outcome']) => played.filter(one => one.outcome === outcome).length
console.log(`\n${report(played)}\n`)
console.log(
  `${count('held')} held, ${count('broken')} broken, ${count('missed')} found no occasion; seed ${values.seed}`,
)
process.exitCode = count('broken') > 0 ? 1 : 0
