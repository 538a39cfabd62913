import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { plant } from '../kit/plant.ts'
import { temporaryFolder } from '../kit/temporary-folder.ts'
import { planted } from './planted.ts'

/** Whether the run in the folder found something broken; what it printed is shown when it did not. */
const isCaught = async (folder: string, caughtBy: string, faults: number, seed: number): Promise<boolean> => {
  const times = ['--faults', String(faults), '--seed', String(seed), '--within', '90', '--bail']
  const args = ['--only', caughtBy, ...times]
  const run = spawn(process.execPath, [join(folder, 'test/faults/run.ts'), ...args], { cwd: folder, stdio: 'pipe' })
  let said = ''
  for (const output of [run.stdout, run.stderr])
    output.on('data', data => {
      said += data
    })
  const [code] = await once(run, 'exit')
  const caught = code === 1 && / [1-9]\d* broken|undisturbed job is broken/.test(said)
  if (!caught) console.log(said)
  return caught
}

/**
 * Shows that the checker sees: plants one bug after another in a copy of the sources, and strikes it with the fault that
 * must bring it to light. Returns how many stayed unseen.
 */
export const plantAll = async (only: readonly string[], faults: number, seed: number): Promise<number> => {
  let unseen = 0
  const chosen = planted.filter(({ name }) => only.some(text => name.includes(text)))
  for (const one of chosen) {
    const { folder, remove } = temporaryFolder('planted')
    try {
      plant(folder, one)
      const caught = await isCaught(folder, one.caughtBy, faults, seed)
      if (!caught) unseen++
      console.log(`${caught ? 'caught' : 'NOT SEEN'}: ${one.name} (by "${one.caughtBy}")`)
    } finally {
      remove()
    }
  }
  console.log(`${chosen.length - unseen} of ${chosen.length} planted bugs were caught; seed ${seed}`)
  return unseen
}
