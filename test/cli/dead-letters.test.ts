import { describe, it } from 'vitest'
import type { DeadLetter } from '../../src/coordinator/dead-letters.ts'
import { aJob, fakePorts } from '../api/fake-ports.ts'
import { penstock } from './run.ts'

const letter: DeadLetter = {
  ...{ stage: 'embedding', code: 'provider_400', message: 'The provider refused\nthe text.', attempts: 2 },
  ...{ state: 'replayed', replay_job_id: 'job-2', uri: 'file:///a.md', document_id: 'd', trace_id: 'ab'.repeat(16) },
  ...{ topic: 'chunks', lane: 3, offset: 12, input: { type: 'chunk', text: 'x' }, payload: null },
  created_at: '2026-11-24T03:00:00.000Z',
}
const withJob = () => {
  const ports = fakePorts()
  ports.stored.jobs.push(aJob())
  return ports
}

describe.concurrent('penstock dead-letters', () => {
  it('shows single ones with their place and input, and how to go on', async ({ expect }) => {
    const ports = withJob()
    ports.stored.deadLetterPage = { dead_letters: [letter], next: '3-12' }
    const { stdout, stderr } = await penstock(ports, 'dead-letters', 'show', 'handbook', '--uri', 'file:///a.md')
    expect(stdout).toBe(
      [
        'provider_400 in embedding, replayed by job-2',
        '  The provider refused the text.',
        '  uri: file:///a.md',
        `  document: d, trace ${'ab'.repeat(16)}`,
        '  read at chunks lane 3 offset 12, tried 2 times, 2026-11-24T03:00:00.000Z',
        '  input: {"type":"chunk","text":"x"}',
        '',
      ].join('\n'),
    )
    expect(stderr).toContain('add --after 3-12')
    expect(ports.asked.letters).toEqual([['list', 'job-1', { uri: 'file:///a.md', limit: 20, after: null }]])
  })

  it('of INTAKE are no work for a replay, so its help does not offer them', async ({ expect }) => {
    const helpOf = async (verb: string) => (await penstock(fakePorts(), 'dead-letters', verb, '--help')).stdout
    expect(await helpOf('discard')).toContain('INTAKE')
    expect(await helpOf('replay')).not.toContain('INTAKE')
  })

  it('are given up only when somebody agrees, or with --yes', async ({ expect }) => {
    const ports = withJob()
    const asked = await penstock(ports, 'dead-letters', 'discard', 'handbook', '--code', 'binary')
    expect([asked.code, asked.stderr]).toEqual([2, expect.stringContaining('add --yes')])
    expect(ports.asked.letters).toEqual([])
    const done = await penstock(ports, 'dead-letters', 'discard', 'handbook', '--code', 'binary', '--yes')
    expect(done.stdout).toBe('Discarded 3 dead letters of job job-1.\n')
    expect(ports.asked.letters).toEqual([['discard', 'job-1', { code: 'binary' }]])
  })

  it('are replayed with what was chosen, and the job is printed for a script', async ({ expect }) => {
    const ports = withJob()
    const counts = { documents: 2, dead_letters: 3, not_replayable: 0, superseded: 4, left: 0 }
    ports.stored.replay = { outcome: 'accepted', job_id: 'job-2', kb_id: 'handbook', status: 'pending', ...counts }
    const { stdout, stderr } = await penstock(
      ports,
      ...['dead-letters', 'replay', 'job-1', '--stage', 'embedding', '--uri', 'a', '--uri', 'b'],
      ...['--rate', '0.5', '--priority', '3'],
    )
    expect(stdout).toBe('job-2\n')
    expect(stderr).toBe(
      'Job job-2 loads 2 documents again.\n' +
        '4 dead letters of documents that a later run has loaded completely: discard them.\n',
    )
    expect(ports.asked.letters[0]?.[2]).toMatchObject({
      ...{ select: { stage: 'embedding', uris: ['a', 'b'] }, documents_per_second: 0.5, priority: 3 },
    })
  })
})
