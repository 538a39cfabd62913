import { describe, it, vi } from 'vitest'
import { aKnowledgeBase, aSchedule, fakePorts } from '../api/fake-ports.ts'
import { penstock } from './run.ts'

vi.setConfig({ testTimeout: 60_000 })

const withSchedules = () => {
  const ports = fakePorts()
  ports.stored.knowledgeBases.push(aKnowledgeBase())
  ports.stored.schedules.push(
    aSchedule({ note: 'It is due, and waits for the end of job job-1 of its knowledge base.' }),
    aSchedule({ schedule_id: 'fedcba9876543210', source: 'markdown:/notes', every_s: null, cron: '0 3 * * *' }),
  )
  return ports
}

describe.concurrent('penstock schedule', () => {
  it('lists when each source is read again, and why one waits', async ({ expect }) => {
    const { code, stdout } = await penstock(withSchedules(), 'schedule', 'list', 'handbook')
    expect(code).toBe(0)
    expect(stdout).toContain('0123456789abcdef  every 6h       2026-11-25T12:00:00.000Z')
    expect(stdout).toContain('fedcba9876543210  0 3 * * * UTC')
    expect(stdout).toContain('0123456789abcdef: It is due, and waits for the end of job job-1')
  })

  it('says how to make one where there is none', async ({ expect }) => {
    const ports = fakePorts()
    ports.stored.knowledgeBases.push(aKnowledgeBase())
    const { stdout } = await penstock(ports, 'schedule', 'list', 'handbook')
    expect(stdout).toContain('handbook has no schedules. Make one with: penstock ingest')
  })

  it('removes one by its source or its id', async ({ expect }) => {
    const removed = await penstock(withSchedules(), 'schedule', 'remove', 'handbook', 'markdown:/notes')
    expect(removed.stdout).toBe('markdown:/notes is no longer read by itself. What it has brought stays.\n')
    const json = await penstock(withSchedules(), 'schedule', 'remove', 'handbook', '0123456789abcdef', '--json')
    expect(JSON.parse(json.stdout)).toMatchObject({ schedule_id: '0123456789abcdef', removed: true })
    const unknown = await penstock(withSchedules(), 'schedule', 'remove', 'handbook', 'markdown:/elsewhere')
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('penstock schedule list handbook')])
  })
})
