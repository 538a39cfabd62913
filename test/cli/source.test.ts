import { realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, vi } from 'vitest'
import { fakePorts } from '../api/fake-ports.ts'
import { ended, penstock, start, withServer } from './run.ts'

vi.setConfig({ testTimeout: 60_000 })

const withPreview = () => {
  const ports = fakePorts()
  ports.stored.preview = {
    source: 'markdown:/docs',
    total: 120,
    documents: [
      {
        ...{ uri: 'file:///docs/a.md', title: 'Herons', media_type: 'text/markdown', characters: 1200, chunks: 3 },
        ...{ begins: '# Herons\n\nThey stand.', metadata: {} },
      },
    ],
    tables: [],
    rejected: [{ uri: 'file:///docs/b.md', code: 'empty_document', message: 'b.md is empty.' }],
    unlisted: ['/docs/secret cannot be listed.'],
    stopped: 'limit',
  }
  return ports
}

describe.concurrent('penstock source preview', () => {
  it('shows documents, how they begin, rejects, and what could not be listed', async ({ expect }) => {
    const { code, stdout } = await penstock(withPreview(), 'source', 'preview', '/docs')
    expect(code).toBe(0)
    expect(stdout).toBe(
      [
        'markdown:/docs, 120 documents in all. The first 2 entries; --limit shows more.',
        '',
        'CHARACTERS  CHUNKS  TYPE           TITLE   URI',
        '     1,200       3  text/markdown  Herons  file:///docs/a.md',
        '',
        'Herons: # Herons They stand.',
        'rejected: file:///docs/b.md: b.md is empty. (empty_document)',
        'not listed: /docs/secret cannot be listed.',
        '',
      ].join('\n'),
    )
  })

  it('shows rows of tables under their columns, typed, and those that cannot be read', async ({ expect }) => {
    const ports = withPreview()
    const column = { type: 'integer', nullable: true, key: false }
    ports.stored.preview = {
      ...{ source: 'structured:/csv#orders', total: 1200, documents: [], unlisted: [], stopped: 'limit' },
      tables: [
        {
          ...{
            table: 'orders',
            file: 'file:///csv/a.csv',
            columns: [
              { ...column, name: 'no' },
              { ...column, name: 'n' },
            ],
          },
          rows: [{ row: 1, cells: ['17', null] }],
        },
      ],
      rejected: [{ uri: 'file:///csv/a.csv#row=2', code: 'bad_row', message: 'Row 2: column "No" is empty.' }],
    }
    const { stdout } = await penstock(ports, 'source', 'preview', '/csv')
    expect(stdout.split('\n')).toEqual([
      'structured:/csv#orders, 1,200 rows in all. The first 2 entries; --limit shows more.',
      '',
      'Table orders from file:///csv/a.csv',
      'ROW  no (integer)  n (integer)',
      '  1  17            (null)',
      'rejected: file:///csv/a.csv#row=2: Row 2: column "No" is empty. (bad_row)',
      '',
    ])
  })

  it('describes the source as ingest does, and prints JSON', async ({ expect }) => {
    const ports = withPreview()
    const cwd = realpathSync(tmpdir())
    const args = ['source', 'preview', 'docs', '--type', 'local_files', '--include', '*.txt', '--limit', '3', '--json']
    const { stdout } = await withServer(ports, url => ended(start(url, args, cwd)))
    expect(JSON.parse(stdout)).toEqual(ports.stored.preview)
    expect(ports.asked.previews).toEqual([
      { source: { type: 'local_files', path: join(cwd, 'docs'), include: ['*.txt'] }, limit: 3 },
    ])
  })

  it('has no --uploads, which are of a knowledge base', async ({ expect }) => {
    const ports = withPreview()
    const { code, stderr } = await penstock(ports, 'source', 'preview', 'docs', '--uploads')
    expect(code).toBe(2)
    expect(stderr).toContain("unknown option '--uploads'")
    expect(ports.asked.previews).toEqual([])
  })
})
