import { describe, it } from 'vitest'
import { fakePorts } from '../api/fake-ports.ts'
import { penstock } from './run.ts'

const status = {
  partitions: [
    { partition: 0, unread: 12, held: { kb_id: 'tickets', since: '2026-11-25T10:00:00.000Z', message: 'It stands.' } },
    { partition: 1, unread: 0, held: null },
  ],
  parked: [{ kb_id: 'tickets', events: 1, bytes: 300, oldest: '2026-11-25T09:00:00.000Z' }],
  dead_letters: 2,
}

describe('penstock intake', () => {
  it('shows what is unread, what stands and why, and what is parked', async ({ expect }) => {
    const ports = fakePorts({ intake: async () => status })
    const { code, stdout, stderr } = await penstock(ports, 'intake')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^ *0 +12 +since 2026-11-25T10:00:00.000Z: It stands\.$/m)
    expect(stdout).toContain('tickets: 1 event parked (300 bytes, the oldest of 2026-11-25T09:00:00.000Z)')
    expect(stderr).toContain('2 dead letters: penstock dead-letters INTAKE')
    expect(JSON.parse((await penstock(ports, 'intake', '--json')).stdout)).toEqual(status)
  })

  it('has the dead letters of no job under a name of their own', async ({ expect }) => {
    const { code, stdout } = await penstock(fakePorts(), 'dead-letters', 'INTAKE')
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'Job INTAKE rejected nothing.\n' })
  })
})
