/**
 * Shows that the simulation sees: plants one bug after another in a copy of the sources, plays histories there until one
 * breaks the invariant, and ends with 1 when a bug stays unseen.
 *
 *     npm run simulate:planted -- [--only NAME] [--seeds 10000] [--seed 1] [--told]
 *
 * `--told` prints the shortest history found for each.
 */
import { parseArgs } from 'node:util'
import { bugs } from './planted.ts'
import { strike } from './strike.ts'

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    seeds: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    told: { type: 'boolean', default: false },
  },
})

let unseen = 0
const chosen = bugs.filter(({ name }) => name.includes(values.only))
for (const bug of chosen) {
  const begun = performance.now()
  const { violation, held, said } = strike(bug, { seeds: Number(values.seeds), seed: Number(values.seed) })
  if (violation === null) unseen++
  const took = ((performance.now() - begun) / 1_000).toFixed(1)
  console.log(`${violation === null ? 'NOT SEEN' : 'caught'}: ${bug.name} (after ${held} histories, ${took} s)`)
  if (violation !== null) console.log(`  ${violation.slice(0, 250)}`)
  if (values.told) console.log(said)
}
console.log(`${chosen.length - unseen} of ${chosen.length} planted bugs were caught; seed ${values.seed}`)
process.exitCode = unseen === 0 ? 0 : 1
