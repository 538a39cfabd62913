import { realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, vi } from 'vitest'
import { fakePorts } from '../api/fake-ports.ts'
import { ended, penstock, start, withServer } from './run.ts'

vi.setConfig({ testTimeout: 60_000 })

const column = { name: 'no', type: 'integer', nullable: false, key: true }

describe.concurrent('penstock tables', () => {
  it('refuses flags that go with others, before it asks', async ({ expect }) => {
    const paged = await penstock(fakePorts(), 'tables', 'sales', 'orders', '--where', 'city=Bern')
    expect([paged.code, paged.stderr]).toEqual([2, expect.stringContaining('--after and --where are for --rows')])
    const all = await penstock(fakePorts(), 'tables', 'sales', '--rows', '5')
    expect([all.code, all.stderr]).toEqual([2, expect.stringContaining('--rows wants a table')])
  })
})

describe.concurrent('penstock structured check', () => {
  it('shows the first rows of a sheet as typed, and those that would be rejected with their cause', async ({
    expect,
  }) => {
    const ports = fakePorts()
    const rejected = [{ row: 2, message: 'column "No" is the error #N/A' }]
    const rows = [{ row: 1, cells: ['1'] }]
    const file = 'file:///srv/book.xlsx?sheet=Orders'
    ports.stored.structured = { tables: [{ table: 'orders', file, columns: [column], rows, rejected }] }
    const { code, stdout } = await penstock(ports, 'structured', 'check', 'mapping.yaml')
    expect(code).toBe(0)
    expect(stdout).toContain(`Table orders from ${file}`)
    expect(stdout).toMatch(/ROW +no \(integer\)\n +1 +1\n/)
    expect(stdout).toContain('row 2 would be rejected: column "No" is the error #N/A')
    expect(stdout).toContain('The mapping fits its files.')
  })

  it('names every mistake, and ends with 1', async ({ expect }) => {
    const ports = fakePorts()
    const mistake = (path: string) => ({ path, message: 'is wrong' })
    ports.stored.structured = { mistakes: [mistake('mapping_file'), mistake('path')] }
    const cwd = realpathSync(tmpdir())
    const { code, stderr } = await withServer(ports, url =>
      ended(start(url, ['structured', 'check', join(cwd, 'm.yaml')], cwd)),
    )
    expect(code).toBe(1)
    expect(stderr).toContain('source.mapping_file')
    expect(stderr).toContain('source.path')
  })
})
