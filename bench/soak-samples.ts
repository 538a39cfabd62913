/** What a soak samples of a process, and how it is read. Reads /proc, so Linux only. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { until } from '../test/kit/until.ts'

/** What the process says of itself right after a collection of garbage. */
export interface Held {
  readonly heapMb: number
  readonly externalMb: number
  /** Timers that keep the process alive. */
  readonly timers: number
}

export interface Sample extends Held {
  /** Hours since the start of the soak. */
  readonly at: number
  readonly rssMb: number
  readonly sockets: number
  /** Wake-ups of all its threads so far. */
  readonly wakeUps: number
}

const linesOf = (file: string) => (existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [])

export const sampleOf = async (pid: number, folder: string, at: number): Promise<Sample> => {
  const file = join(folder, `${pid}.jsonl`)
  const before = linesOf(file).length
  process.kill(pid, 'SIGUSR2')
  const line = await until(`process ${pid} says what it holds`, () => linesOf(file)[before], 60_000)
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return {
    ...(JSON.parse(line) as Held),
    at,
    rssMb: Number(/^VmRSS:\s*(\d+)/m.exec(status)![1]) / 1024,
    sockets: socketsOf(pid),
    wakeUps: wakeUpsOf(pid),
  }
}

const socketsOf = (pid: number) =>
  readdirSync(`/proc/${pid}/fd`).filter(name => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${name}`).startsWith('socket:')
    } catch {
      // It was closed while the list was read.
      return false
    }
  }).length

const wakeUpsOf = (pid: number) =>
  readdirSync(`/proc/${pid}/task`)
    .map(task => readFileSync(`/proc/${pid}/task/${task}/status`, 'utf8'))
    .reduce((sum, status) => sum + Number(/^voluntary_ctxt_switches:\s*(\d+)/m.exec(status)![1]), 0)

/** By how much a figure grows in an hour: the slope of the least squares. */
export const slopeOf = (samples: readonly Sample[], figure: (sample: Sample) => number): number => {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const at = mean(samples.map(sample => sample.at))
  const middle = mean(samples.map(figure))
  const along = samples.reduce((sum, sample) => sum + (sample.at - at) * (figure(sample) - middle), 0)
  return along / samples.reduce((sum, sample) => sum + (sample.at - at) ** 2, 0)
}
