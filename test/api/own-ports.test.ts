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
const owners = { of: async (kb: string) => ({ mine: 'acme', theirs: 'other' })[kb] ?? null, claim: async () => true }
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
  const put = async (text: string, mine = true) => {
    const claimed: string[] = []
    const claim = async (kb: string) => {
      claimed.push(`${kb} ${existsSync(file)}`)
      return mine
    }
    const own = ownPorts({ ...ports, uploads }, 'acme', { ...owners, claim }).uploads
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

  test('once it has arrived', async () => {
    expect(await put('ours')).toEqual([null, ['new false'], true])
  })
})

test('the operator may name files of the machine', async () => {
  expect(await of('default').structured.check(ofMachine, 5, signal, null)).toEqual({ tables: [] })
})
