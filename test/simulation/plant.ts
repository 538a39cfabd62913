/**
 * Shows that the simulation sees: plants one bug after another in a copy of the sources, plays histories there until one
 * breaks the invariant, and ends with 1 when a bug stays unseen.
 *
 *     npm run simulate:planted -- [--only NAME] [--seeds 3000] [--seed 1] [--told]
 *
 * `--told` prints the shortest history that shows each.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { plant } from '../kit/plant.ts'
import { temporaryFolder } from '../kit/temporary-folder.ts'
import { bugs } from './planted.ts'

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    seeds: { type: 'string', default: '3000' },
    seed: { type: 'string', default: '1' },
    told: { type: 'boolean', default: false },
  },
})

let unseen = 0
const chosen = bugs.filter(({ name }) => name.includes(values.only))
for (const bug of chosen) {
  const { folder, remove } = temporaryFolder('planted')
  try {
    plant(folder, bug)
    const args = [join(folder, 'test/simulation/run.ts'), '--seeds', values.seeds, '--seed', values.seed]
    const begun = performance.now()
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' })
    const violation = /^Violation: .*$/m.exec(stderr)?.[0] ?? null
    const seen = status === 1 && violation !== null
    if (!seen) unseen++
    const held = /^(\d+) histories, /m.exec(stdout)?.[1]
    const took = ((performance.now() - begun) / 1_000).toFixed(1)
    console.log(`${seen ? 'caught' : 'NOT SEEN'}: ${bug.name} (${held} histories held, ${took} s)`)
    if (violation) console.log(`  ${violation.slice(0, 250)}`)
    if (values.told || (!seen && status !== 0)) console.log(stderr)
  } finally {
    remove()
  }
}
console.log(`${chosen.length - unseen} of ${chosen.length} planted bugs were caught; seed ${values.seed}`)
process.exitCode = unseen === 0 ? 0 : 1
