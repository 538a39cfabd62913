/** Loaded into every process of a soak: at SIGUSR2 it collects garbage and writes a line of what it holds into a file of its own. */
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Held } from './soak-samples.ts'

const folder = process.env.SOAK_FOLDER
if (folder !== undefined) {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  process.on('SIGUSR2', () => {
    collect()
    const { heapUsed, external } = process.memoryUsage()
    const active = process.getActiveResourcesInfo()
    const held: Held = {
      heapMb: heapUsed / 2 ** 20,
      externalMb: external / 2 ** 20,
      timers: active.filter(kind => kind === 'Timeout' || kind === 'Immediate').length,
    }
    appendFileSync(join(folder, `${process.pid}.jsonl`), `${JSON.stringify(held)}\n`)
  })
}
