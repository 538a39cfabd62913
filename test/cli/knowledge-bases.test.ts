import { describe, it, vi } from 'vitest'
import { aKnowledgeBase, fakePorts } from '../api/fake-ports.ts'
import { penstock } from './run.ts'

vi.setConfig({ testTimeout: 60_000 })

const withOne = () => {
  const ports = fakePorts()
  ports.stored.knowledgeBases.push(
    aKnowledgeBase({ chunking: { strategy: 'markdown', chunk_size: 512, chunk_overlap: 64 } }),
  )
  return ports
}

describe.concurrent('penstock kb set', () => {
  it('changes what is named, and says how documents are cut from then on', async ({ expect }) => {
    const ports = withOne()
    const { code, stdout } = await penstock(ports, 'kb', 'set', 'handbook', '--chunk-size', '256')
    expect([code, stdout]).toEqual([
      0,
      'The next jobs of handbook cut its documents by markdown, 256 tokens with 64 of overlap.\n',
    ])
    const shown = await penstock(ports, 'kb', 'show', 'handbook')
    expect(shown.stdout).toContain('chunking  markdown, 256 tokens with 64 of overlap')
  })

  it('gives the knowledge base with --json', async ({ expect }) => {
    const flags = ['--strategy', 'fixed', '--chunk-overlap', '0', '--json']
    const { code, stdout } = await penstock(withOne(), 'kb', 'set', 'handbook', ...flags)
    expect([code, JSON.parse(stdout).chunking]).toEqual([0, { strategy: 'fixed', chunk_size: 512, chunk_overlap: 0 }])
  })

  it('says what is wrong: nothing named, an overlap that does not fit, a name that is none', async ({ expect }) => {
    const nothing = await penstock(withOne(), 'kb', 'set', 'handbook')
    expect([nothing.code, nothing.stderr]).toEqual([2, expect.stringContaining('say what to change')])
    const overlap = await penstock(withOne(), 'kb', 'set', 'handbook', '--chunk-size', '32')
    expect([overlap.code, overlap.stderr]).toEqual([1, expect.stringContaining('must be smaller than chunk_size')])
    const none = await penstock(fakePorts(), 'kb', 'set', 'handbook', '--chunk-size', '256')
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining("'handbook'")])
  })
})
