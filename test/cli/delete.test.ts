import { describe, it, vi } from 'vitest'
import { deleting } from '../../src/api/api-error.ts'
import { aKnowledgeBase, fakePorts } from '../api/fake-ports.ts'
import { penstock } from './run.ts'

vi.setConfig({ testTimeout: 60_000 })

const withOne = (over: Parameters<typeof aKnowledgeBase>[0] = {}) => {
  const ports = fakePorts()
  ports.stored.knowledgeBases.push(aKnowledgeBase(over))
  return ports
}

describe.concurrent('penstock kb delete', () => {
  it('asks for it when somebody agrees, or with --yes', async ({ expect }) => {
    const ports = withOne()
    const asked = await penstock(ports, 'kb', 'delete', 'handbook')
    expect([asked.code, asked.stderr]).toEqual([2, expect.stringContaining('add --yes')])
    expect(ports.asked.deletions).toEqual([])
    const done = await penstock(ports, 'kb', 'delete', 'handbook', '--yes')
    expect([done.code, done.stdout]).toEqual([0, expect.stringContaining('handbook is being deleted')])
    expect(ports.asked.deletions).toEqual(['handbook'])
  })

  it('says with --wait when it is gone, and with --json in one object', async ({ expect }) => {
    const waited = await penstock(withOne(), 'kb', 'delete', 'handbook', '--yes', '--wait')
    expect([waited.code, waited.stdout]).toEqual([0, 'handbook is deleted. Its name is free.\n'])
    const json = await penstock(withOne(), 'kb', 'delete', 'handbook', '--yes', '--json')
    expect(JSON.parse(json.stdout)).toEqual({
      ...{ kb_id: 'handbook', status: 'deleting', asked_at: '2026-11-26T10:00:00.000Z', waiting_for: null },
    })
  })

  it('waits for a name that is held by uploads alone, which has nothing to show', async ({ expect }) => {
    let looks = 0
    const ports = fakePorts({
      deletions: {
        ask: async kb_id => ({ kb_id, status: 'deleting', asked_at: '2026-11-26T10:00:00.000Z', waiting_for: null }),
      },
      uploads: {
        ...fakePorts().uploads,
        async list(kbId) {
          looks += 1
          if (looks < 3) throw deleting(kbId)
          return { uploads: [], next: null }
        },
      },
    })
    const { code, stdout } = await penstock(ports, 'kb', 'delete', 'handbook', '--yes', '--wait')
    expect([code, stdout, looks]).toEqual([0, 'handbook is deleted. Its name is free.\n', 3])
  })

  it('of one that is not there ends with an error', async ({ expect }) => {
    const { code, stderr } = await penstock(fakePorts(), 'kb', 'delete', 'handbook', '--yes')
    expect([code, stderr]).toEqual([1, expect.stringContaining("There is no knowledge base 'handbook'")])
  })

  it('is seen by kb show, with what it waits for', async ({ expect }) => {
    const deletion = { asked_at: '2026-11-26T10:00:00.000Z', waiting_for: 'the API, which removes its uploads' }
    const { stdout } = await penstock(withOne({ deletion }), 'kb', 'show', 'handbook')
    expect(stdout).toContain('being deleted since 2026-11-26T10:00:00.000Z; it waits for the API')
  })
})
