import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { type Bug, plant } from '../kit/plant.ts'
import { temporaryFolder } from '../kit/temporary-folder.ts'

export interface Struck {
  /** What was violated, or null where all held. */
  readonly violation: string | null
  /** Histories that held before one did not. */
  readonly held: number
  readonly said: string
}

/** Plays histories in a copy of the sources with the bug in it. Throws when they could not be played. */
export const strike = (bug: Bug, { seeds, seed }: { readonly seeds: number; readonly seed: number }): Struck => {
  const { folder, remove } = temporaryFolder('planted')
  try {
    plant(folder, bug)
    const args = [join(folder, 'test/simulation/run.ts'), '--seeds', `${seeds}`, '--seed', `${seed}`]
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' })
    const violation = /^Violation: .*$/m.exec(stderr)?.[0] ?? null
    if (status !== (violation === null ? 0 : 1)) throw new Error(`"${bug.name}" could not be played: ${stderr}`)
    return { violation, held: Number(/^(\d+) histories, /m.exec(stdout)?.[1]), said: stderr }
  } finally {
    remove()
  }
}
