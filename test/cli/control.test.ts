import type { ChildProcess } from 'node:child_process'
import { describe, it, vi } from 'vitest'
import { aJob, aPhase, type FakePorts, fakePorts } from '../api/fake-ports.ts'
import { withJob } from './jobs.ts'
import { type Ended, ended, penstock, start, withServer } from './run.ts'

vi.setConfig({ testTimeout: 60_000 })

const hold = {
  requested_at: '2026-11-23T06:00:05.000Z',
  acknowledged: 3,
  expected: 5,
  missing: [
    { stage: 'embedding', lane: 2, worker: 'host-123' },
    { stage: 'indexing', lane: 2, worker: null },
  ],
} as const
const held = { ...hold, acknowledged: 5, missing: [] } as const

/** Runs a verb that waits; when it has said what it waits for, the job becomes another. */
const whileWaiting = (ports: FakePorts, then: Parameters<typeof aJob>[0], ...args: readonly string[]): Promise<Ended> =>
  withServer(ports, url => {
    const child: ChildProcess = start(url, args)
    child.stderr!.on('data', chunk => {
      if (String(chunk).includes('waiting for')) ports.stored.jobs[0] = aJob(then)
    })
    return ended(child)
  })

describe.concurrent('penstock pause, resume, cancel and retry', () => {
  it.for(['pause', 'resume', 'cancel', 'retry'])(
    '%s is asked for, by job or by knowledge base',
    async (verb, { expect }) => {
      const ports = withJob()
      const byKb = await penstock(ports, verb, 'handbook')
      expect(byKb).toEqual({ code: 0, stdout: '', stderr: `Accepted: ${verb} job job-1 of handbook.\n` })
      const byId = await penstock(ports, verb, 'job-1', '--json')
      expect(JSON.parse(byId.stdout)).toEqual({ job_id: 'job-1', kb_id: 'handbook', status: 'running' })
      expect(ports.asked.commands).toEqual(Array(2).fill({ kb_id: 'handbook', job_id: 'job-1', verb, phase: null }))
    },
  )

  it('may be about one phase, and says which there are', async ({ expect }) => {
    const ports = withJob()
    expect((await penstock(ports, 'pause', 'handbook', '--phase', 'EMBEDDING')).code).toBe(0)
    expect(ports.asked.commands).toEqual([{ kb_id: 'handbook', job_id: 'job-1', verb: 'pause', phase: 'EMBEDDING' }])
    const unknown = await penstock(ports, 'pause', 'handbook', '--phase', 'PACKING')
    expect(unknown.code).toBe(2)
    expect(unknown.stderr).toContain(
      'Allowed choices are LOADING, CHUNKING, EMBEDDING, INDEXING, TABULATING, FINISHING.',
    )
    expect((await penstock(ports, 'cancel', 'handbook', '--phase', 'EMBEDDING')).code).toBe(2)
  })

  it('prints why the state of the job forbids it, and ends with 1', async ({ expect }) => {
    const ports = withJob({ status: 'completed' })
    const message = 'A job that is completed does not take "pause". It has ended; start a new one.'
    ports.stored.command = { outcome: 'refused', job_id: 'job-1', status: 'completed', message }
    const { code, stdout, stderr } = await penstock(ports, 'pause', 'handbook', '--json')
    expect({ code, stderr }).toEqual({ code: 1, stderr: `error: ${message}\n` })
    expect(JSON.parse(stdout).error).toMatchObject({ code: 'illegal_transition', details: { status: 'completed' } })
  })

  it('is for the job that was named, though a newer one of its knowledge base runs', async ({ expect }) => {
    const ports = fakePorts()
    ports.stored.jobs.push(aJob({ job_id: 'job-2' }), aJob({ job_id: 'job-1', status: 'failed' }))
    expect((await penstock(ports, 'retry', 'job-1')).code).toBe(0)
    expect(ports.asked.commands).toEqual([{ kb_id: 'handbook', job_id: 'job-1', verb: 'retry', phase: null }])
  })

  it('waits until a pause is acknowledged, and says by whom it is not', async ({ expect }) => {
    const paused = { status: 'paused', pause: held } as const
    const { code, stdout, stderr } = await whileWaiting(withJob({ pause: hold }), paused, 'pause', 'job-1', '--wait')
    expect(stderr).toBe(
      'Accepted: pause job job-1 of handbook.\n' +
        'pause: 3 of 5 acknowledged, waiting for embedding lane 2 (worker host-123), indexing lane 2 (no worker)\n',
    )
    expect(stdout).toMatch(/^pause: 5 of 5 acknowledged\nJob job-1 of handbook is paused: /)
    expect(code).toBe(0)
  })

  it('waits for one phase until that one stands', async ({ expect }) => {
    const phases = [aPhase({ name: 'CHUNKING', status: 'running' }), aPhase({ name: 'EMBEDDING', status: 'paused' })]
    const then = { pause: held, phase_details: phases } as const
    const args = ['pause', 'job-1', '--phase', 'EMBEDDING', '--wait', '--json'] as const
    const ports = withJob({ pause: held, phase_details: phases })
    expect(JSON.parse((await penstock(ports, ...args)).stdout)).toEqual(aJob(then))
    const { code, stdout } = await whileWaiting(withJob({ pause: hold }), then, ...args.slice(0, -1))
    expect(code).toBe(0)
    expect(stdout).toContain('pause: 5 of 5 acknowledged')
  })

  it('waits until a cancelled job has ended', async ({ expect }) => {
    const ports = withJob({ cancel: hold })
    const { code, stdout } = await whileWaiting(ports, { status: 'cancelled' }, 'cancel', 'job-1', '--wait')
    expect(code).toBe(0)
    expect(stdout).toContain('Job job-1 of handbook was cancelled: ')
  })

  it.for([
    [
      'the job has ended',
      { status: 'completed' },
      'Before the pause took effect, the job ended. Job job-1 of handbook',
    ],
    ['somebody has resumed it', {}, 'Before the pause took effect, somebody asked for something else. Job job-1'],
  ] as const)('waits no longer for a pause when %s, and ends with 1', async ([, then, said], { expect }) => {
    const { code, stderr } = await whileWaiting(withJob({ pause: hold }), then, 'pause', 'job-1', '--wait')
    expect(stderr).toContain(`error: ${said}`)
    expect(code).toBe(1)
  })
})
