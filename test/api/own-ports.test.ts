import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, describe, expect, test } from 'vitest'
import { ownPorts } from '../../src/api/own-ports.ts'
import type { ApiPorts } from '../../src/api/ports.ts'
import { structuredSpec } from '../../src/sources/specs/structured.ts'
import { uploadFolder } from '../../src/uploads/upload-folder.ts'
import { temporaryFolder } from '../kit/temporary-folder.ts'
import { fakePorts } from './fake-ports.ts'

const { signal } = new AbortController()
const owners = {
  of: async (kb: string) => ({ mine: 'acme', theirs: 'other' })[kb] ?? null,
  claim: async () => true,
  isDeleting: async () => false,
}
const asked: (string | null)[] = []
const ports: ApiPorts = {
  ...fakePorts(),
  async checkSource(_, kb) {
    asked.push(kb)
    return []
  },
  structured: {
    async check(_source, _rows, _signal, kb) {
      asked.push(kb)
      return { tables: [] }
    },
  },
}
const of = (tenant: string) => {
  asked.length = 0
  return ownPorts(ports, tenant, owners)
}
const uploaded = structuredSpec.parse({ type: 'structured', uploads: true, mapping_file: 'm.yaml' })
const ofMachine = structuredSpec.parse({ type: 'structured', path: '/srv', mapping_file: '/srv/m.yaml' })

describe('of a tenant that is not the operator', () => {
  test('tables may come from uploads, and not from files of the machine', async () => {
    const { checkSource, structured } = of('acme')
    expect(await checkSource(uploaded, 'mine')).toEqual([])
    expect(await structured.check(uploaded, 5, signal, 'mine')).toEqual({ tables: [] })
    expect(asked).toEqual(['mine', 'mine'])
    const refused = { path: 'path', message: expect.stringContaining('upload them') }
    expect(await checkSource(ofMachine, 'mine')).toEqual([refused])
    expect(await structured.check(ofMachine, 5, signal, null)).toEqual({ mistakes: [refused] })
    expect(asked).toHaveLength(2)
  })

  test('uploads of the knowledge base of another are not looked at', async () => {
    const { checkSource, structured } = of('acme')
    expect(await checkSource(uploaded, 'theirs')).toEqual([])
    expect(asked).toEqual([null])
    expect(await structured.check(uploaded, 5, signal, 'theirs')).toEqual({
      mistakes: [{ path: 'uploads', message: expect.stringContaining('no uploads of yours') }],
    })
    expect(asked).toEqual([null])
  })

  test('uploads of a knowledge base that nobody has yet are', async () => {
    await of('acme').checkSource(uploaded, 'new')
    expect(asked).toEqual(['new'])
  })
})

describe('an upload takes the name of its knowledge base', () => {
  const kept = temporaryFolder('own-uploads')
  afterAll(() => kept.remove())
  const uploads = uploadFolder({ folder: kept.folder, maxBytes: 4, reserveBytes: 0, quotaBytes: null })
  const file = join(kept.folder, 'new', 'a.txt')
  const put = async (text: string, mine = true, deleted: () => boolean = () => false) => {
    const claimed: string[] = []
    const claim = async (kb: string) => {
      claimed.push(`${kb} ${existsSync(file)}`)
      return mine
    }
    const of = async () => (claimed.length > 0 && mine ? 'acme' : null)
    const isDeleting = async () => deleted()
    const own = ownPorts({ ...ports, uploads }, 'acme', { of, claim, isDeleting }).uploads
    const code = await own.put('new', 'a.txt', Readable.from([Buffer.from(text)])).then(
      () => null,
      error => error.code,
    )
    return [code, claimed, existsSync(file)]
  }

  test('not where it is refused', async () => {
    expect(await put('too long')).toEqual(['upload_too_large', [], false])
  })

  test('and is not kept where another was first meanwhile', async () => {
    expect(await put('ours', false)).toEqual(['kb_taken', ['new false'], false])
  })

  test('and is not kept where that is deleted before it is in its place', async () => {
    expect(await put('ours', true, () => existsSync(file))).toEqual(['kb_deleting', ['new false'], false])
  })

  test('once it has arrived', async () => {
    expect(await put('ours')).toEqual([null, ['new false'], true])
  })
})

test('of a knowledge base that is being deleted nothing is done any more, but to look how far it is', async () => {
  const named = { kb_id: 'mine', verb: 'retry', phase: null } as const
  const own = ownPorts(ports, 'acme', { ...owners, isDeleting: async () => true })
  const refused = await Promise.allSettled([
    own.knowledge.search({ kb: 'mine', mode: 'text', text: 'a', vector: null, topK: 1, filters: {} }),
    own.verifier.verify('mine', { limit: 1, signal }),
    own.uploads.list('mine', { limit: 1, after: null }),
    own.uploads.put('mine', 'a.txt', Readable.from([]), 0),
    own.catalogue.documents('mine', { limit: 1, after: null }),
    own.jobs.command(named),
    own.kbSettings.change('mine', { chunking: { chunk_size: 300 } }),
    own.checkSource(uploaded, 'mine'),
    own.structured.check(uploaded, 5, signal, 'mine'),
  ])
  for (const one of refused) expect(one).toMatchObject({ status: 'rejected', reason: { code: 'kb_deleting' } })
  expect(await own.catalogue.get('mine')).toBeNull()
  expect(await own.jobs.ofKnowledgeBase('mine')).toBeNull()
  expect(await own.deletions.ask('theirs')).toBeNull()
  expect(await own.kbSettings.change('theirs', { chunking: { chunk_size: 300 } })).toBeNull()
})

test('the operator may name files of the machine', async () => {
  expect(await of('default').structured.check(ofMachine, 5, signal, null)).toEqual({ tables: [] })
})
