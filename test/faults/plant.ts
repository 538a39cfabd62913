/**
 * Shows that the checker sees: plants one bug after another in a copy of the sources, strikes it with the fault that must
 * bring it to light, and ends with 1 when a bug stays unseen.
 *
 *     npm run faults:planted -- [--only NAME] [--faults 3] [--seed 1]
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { plant } from '../kit/plant.ts'
import { temporaryFolder } from '../kit/temporary-folder.ts'
import { planted } from './planted.ts'

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    faults: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
  },
})
/** Whether the run in the folder found something broken; what it printed goes on. */
const strike = async (folder: string, caughtBy: string): Promise<boolean> => {
  const args = ['--only', caughtBy, '--faults', values.faults, '--seed', values.seed]
  const run = spawn(process.execPath, [join(folder, 'test/faults/run.ts'), ...args], { cwd: folder, stdio: 'pipe' })
  let said = ''
  run.stdout.on('data', data => {
    said += data
  })
  run.stderr.on('data', data => {
    said += data
  })
  const [code] = await once(run, 'exit')
  const broken = / [1-9]\d* broken/.test(said)
  if (!broken || code !== 1) console.log(said)
  return broken && code === 1
}

let unseen = 0
const chosen = planted.filter(({ name }) => name.includes(values.only))
for (const one of chosen) {
  const { folder, remove } = temporaryFolder('planted')
  try {
    plant(folder, one)
    const caught = await strike(folder, one.caughtBy)
    if (!caught) unseen++
    console.log(`${caught ? 'caught' : 'NOT SEEN'}: ${one.name} (by "${one.caughtBy}")`)
  } finally {
    remove()
  }
}
console.log(`${chosen.length - unseen} of ${chosen.length} planted bugs were caught; seed ${values.seed}`)
process.exitCode = unseen === 0 ? 0 : 1
