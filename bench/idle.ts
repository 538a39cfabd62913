/**
 * What an idle tree costs: starts `penstock up` in a temporary folder, waits for it to settle, and prints the share of
 * one core that its Node and its Java processes take without a job. Reads /proc, so Linux only.
 *
 *   node bench/idle.ts [--seconds 30]
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { environmentOf, loadConfig } from '../src/config.ts'

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '30' } } })
const seconds = Number(values.seconds)
const ticksPerSecond = 100
const data = mkdtempSync(join(tmpdir(), 'penstock-bench-'))
const main = resolve(import.meta.dirname, '../src/main.ts')
const env = { ...environmentOf(loadConfig()), PENSTOCK_DATA_DIR: data, PENSTOCK_PORT: '0' }
const up = spawn(process.execPath, [main, 'up'], { env, stdio: ['ignore', 'pipe', 'inherit'] })

interface Process {
  readonly parent: number
  readonly name: string
  readonly ticks: number
}
const processes = (): Map<number, Process> => {
  const found = new Map<number, Process>()
  for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const name = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0] ?? ''
    found.set(Number(pid), { parent: Number(fields[1]), name, ticks: Number(fields[11]) + Number(fields[12]) })
  }
  return found
}
const tree = (all: ReadonlyMap<number, Process>): number[] => {
  const pids = [up.pid!]
  for (const pid of pids) for (const [child, { parent }] of all) if (parent === pid) pids.push(child)
  return pids
}

try {
  for await (const line of createInterface({ input: up.stdout })) {
    console.log(line)
    if (line.includes('ready at')) break
  }
  await delay(10_000)
  const before = processes()
  await delay(seconds * 1000)
  const after = processes()
  const shares = tree(after).map(pid => {
    const { name, ticks } = after.get(pid)!
    return { java: name.endsWith('java'), share: (ticks - (before.get(pid)?.ticks ?? 0)) / ticksPerSecond / seconds }
  })
  const percent = (java: boolean) =>
    (100 * shares.filter(one => one.java === java).reduce((sum, { share }) => sum + share, 0)).toFixed(2)
  console.log(
    `idle for ${seconds} s: Node ${percent(false)} % of a core in ${shares.filter(one => !one.java).length} processes, Java ${percent(true)} %`,
  )
} finally {
  up.kill('SIGTERM')
  await once(up, 'exit')
  rmSync(data, { recursive: true, force: true })
}
