import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { type Client, ClientError } from '../../src/api/client.ts'
import type { JobStatus } from '../../src/api/contract/answers.ts'
import { watchJob } from '../../src/cli/progress.ts'
import { aJob, aPhase } from '../api/fake-ports.ts'

const away = new ClientError(0, 'unreachable', 'No Penstock answers.')

/** A client whose job is each of these in turn, the last one for ever. */
const clientOf = (...looks: readonly (JobStatus | ClientError)[]): Client => {
  const left = [...looks]
  const job = async () => {
    const look = left.length > 1 ? left.shift() : left[0]
    if (look instanceof ClientError) throw look
    return look
  }
  return { job } as unknown as Client
}

const terminal = (isTTY: boolean) => {
  const output = Object.assign(new PassThrough(), { isTTY, columns: 100 })
  output.setEncoding('utf8')
  return { output, written: () => String(output.read() ?? '') }
}

const never = new AbortController().signal
const chunking = (progress: number) =>
  aJob({ phase_details: [aPhase({ name: 'CHUNKING', status: 'running', progress, items_processed: progress })] })
const completed = aJob({ status: 'completed', phase_details: [] })

describe('watching a job', () => {
  it('returns the job as it ended', async () => {
    const { output } = terminal(false)
    const job = await watchJob(clientOf(aJob(), completed), 'job-1', { output, json: false, signal: never, everyMs: 1 })
    expect(job).toEqual(completed)
  })

  it('writes a line when a phase gains a tenth, and none twice', async () => {
    const { output, written } = terminal(false)
    const client = clientOf(chunking(1), chunking(2), chunking(9), chunking(11), chunking(11), chunking(35), completed)
    await watchJob(client, 'job-1', { output, json: false, signal: never, everyMs: 1 })
    expect(written().split('\n')).toEqual([
      'job job-1 running',
      'CHUNKING   running     1 %  1 document',
      'CHUNKING   running    11 %  11 documents',
      'CHUNKING   running    35 %  35 documents',
      'job job-1 completed',
      '',
    ])
  })

  it('says pace and ETA with the line of a phase that moves, and makes no lines of them', async () => {
    const { output, written } = terminal(false)
    const at = (hour: string) => `2999-01-01T${hour}:00:00Z`
    const moving = (progress: number, hour: string) => ({
      ...aJob({ eta: { earliest: at(hour), expected: at(hour), latest: at(hour) } }),
      phase_details: [aPhase({ name: 'EMBEDDING', status: 'running', progress, items_per_second: 12.34 })],
    })
    const looks = [moving(1, '01'), moving(2, '02'), moving(3, '03'), completed]
    await watchJob(clientOf(...looks), 'job-1', { output, json: false, signal: never, everyMs: 1 })
    expect(
      written()
        .replace(/[\d,.]+ h/, 'N h')
        .split('\n'),
    ).toEqual([
      'job job-1 running',
      'EMBEDDING  running     1 %  0 chunks, 12.3 a second; job done in N h',
      'job job-1 completed',
      '',
    ])
  })

  it('draws a bar a phase on a terminal and gives the cursor back', async () => {
    const { output, written } = terminal(true)
    const waiting = aJob({ waiting_for: 'the provider until 12:00' })
    const last = aJob({ status: 'completed', waiting_for: 'the provider until 12:00' })
    await watchJob(clientOf(waiting, last), 'job-1', { output, json: false, signal: never, everyMs: 1 })
    const drawn = written()
    expect(drawn).toMatch(/LOADING {4}█{28} 100 % {2}300\/300 documents · completed/)
    expect(drawn).toMatch(/CHUNKING {3}█{11}░{17} 40 % {2}120\/300 documents/)
    expect(drawn).toContain('job job-1 completed · waiting for the provider until 12:00')
    expect(drawn.lastIndexOf('\u001b[?25h')).toBeGreaterThan(drawn.lastIndexOf('\u001b[?25l'))
  })

  it('lives through a server that is away for a while, and says so', async () => {
    const { output, written } = terminal(false)
    const client = clientOf(away, away, completed)
    await watchJob(client, 'job-1', { output, json: false, signal: never, everyMs: 1 })
    expect(written()).toBe('  No Penstock answers.\njob job-1 completed\n')
  })

  it('gives up on a server that stays away', async () => {
    const { output } = terminal(false)
    const options = { output, json: false, signal: never, everyMs: 1, patienceMs: 20 }
    await expect(watchJob(clientOf(away), 'job-1', options)).rejects.toBe(away)
  })

  it('fails at once for a job that is not', async () => {
    const { output } = terminal(false)
    const gone = new ClientError(404, 'not_found', 'There is no such job.')
    const options = { output, json: false, signal: never, everyMs: 1 }
    await expect(watchJob(clientOf(gone, completed), 'job-1', options)).rejects.toBe(gone)
  })

  it('stops when it is told to', async () => {
    const { output } = terminal(true)
    const stop = new AbortController()
    const watching = watchJob(clientOf(aJob()), 'job-1', { output, json: false, signal: stop.signal, everyMs: 60_000 })
    output.once('data', () => stop.abort())
    await expect(watching).rejects.toMatchObject({ name: 'AbortError' })
  })
})
