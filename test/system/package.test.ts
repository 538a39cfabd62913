import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Run } from '../kit/penstock.ts'
import { gone, treeOf } from '../kit/process-tree.ts'
import { temporaryFolder } from '../kit/temporary-folder.ts'
import { readyUp, type Up } from '../kit/up.ts'

const run = promisify(execFile)
const checkout = resolve(import.meta.dirname, '../..')
const { folder, remove } = temporaryFolder('package')
const installed = join(folder, 'node_modules/penstock')
const clientExample = '01-client.ts'
const { KAFKA_BROKERS, SCHEMA_REGISTRY_URL, DATABASE_URL, ...inherited } = process.env
const environment = { ...inherited, PENSTOCK_DATA_DIR: join(folder, 'data'), PENSTOCK_LOG_LEVEL: 'warn' }

/** The installed command, as a shell finds it. */
const penstock = (...args: readonly string[]): Run => {
  const child = spawn(join(folder, 'node_modules/.bin/penstock'), args, { cwd: folder, env: environment })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (output += text.toString()))
  return { child, output: () => output, closed: once(child, 'close') }
}

beforeAll(async () => {
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'somewhere', private: true, type: 'module' }))
  copyFileSync(join(checkout, 'examples', clientExample), join(folder, clientExample))
  await run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: checkout })
  const [tarball] = readdirSync(folder).filter(file => file.endsWith('.tgz'))
  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', join(folder, tarball!)], { cwd: folder })
}, 300_000)
afterAll(remove)

describe('the package, installed in an empty folder', () => {
  test('carries JavaScript and declarations, and nothing of the source tree', () => {
    const files = readdirSync(installed, { recursive: true, encoding: 'utf8' })
    expect(readdirSync(installed).toSorted()).toEqual(
      ['CHANGELOG.md', 'LICENSE', 'README.md', 'bin', 'deploy', 'dist', 'docs', 'package.json'].toSorted(),
    )
    expect(files.filter(file => file.endsWith('.ts') && !file.endsWith('.d.ts'))).toEqual([])
  })

  test('types its exports: a program with a wrong call is told so', async () => {
    const program = (body: string) => `import { createClient } from 'penstock/client'
import { chunks, type RecordOf } from 'penstock/topics'
export const answer = createClient('http://127.0.0.1:1').ingest({ body: ${body} })
export const id = async (): Promise<string> => (await answer).job_id
export const of = (record: Extract<RecordOf<typeof chunks>, { type: 'chunk' }>): string => chunks.name + record.text\n`
    const source = (path: string) => `{ kb_id: 'docs', sources: [{ type: 'markdown', ${path}: 'docs' }] }`
    writeFileSync(join(folder, 'right.ts'), program(source('path')))
    writeFileSync(join(folder, 'wrong.ts'), program(source('paht')))
    const checked = (file: string) =>
      run(
        join(checkout, 'node_modules/.bin/tsc'),
        ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024', '--types', 'node'].concat(
          '--typeRoots',
          join(checkout, 'node_modules/@types'),
          '--skipLibCheck',
          'false',
          file,
        ),
        { cwd: folder },
      ).then(
        () => '',
        ({ stdout }: { stdout: string }) => stdout,
      )
    expect(await checked('right.ts')).toBe('')
    expect(await checked(clientExample)).toBe('')
    expect(await checked('wrong.ts')).toMatch(/^wrong\.ts\(3,.*paht/)
  })

  test('names its version, and a role that there is not', async () => {
    const { version } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'))
    const asked = penstock('--version')
    await asked.closed
    expect(asked.output()).toBe(`${version}\n`)
    const wrong = penstock('run', 'nothing')
    await wrong.closed
    expect({ code: wrong.child.exitCode, said: wrong.output() }).toEqual({
      code: 2,
      said: expect.stringMatching(/^error: There is no role nothing\. The roles are /),
    })
  })
})

describe('the package, running everything', () => {
  let up: Up
  let tree: readonly number[]
  beforeAll(async () => {
    const docs = join(folder, 'docs')
    mkdirSync(docs)
    writeFileSync(join(docs, 'plain.md'), '---\ntitle: Keys\n---\n\n# Keys\n\nRotate them every spring.\n')
    writeFileSync(join(docs, 'page.html'), '<html><body><h1>Birds</h1><p>The quetzal sleeps at noon.</p></body></html>')
    writeFileSync(join(docs, 'binary.md'), Buffer.from([0, 159, 146, 150]))
    up = await readyUp(penstock('up', '--port', '0'))
    tree = treeOf(up.child.pid!)
  }, 400_000)
  afterAll(async () => {
    up?.child.kill('SIGTERM')
    await up?.closed
  })

  test('reads a folder with its parsers and finds what was read', { timeout: 120_000 }, async () => {
    const ingest = penstock('ingest', 'docs', '--kb', 'handbook', '--type', 'local_files', '--watch')
    await ingest.closed
    expect(ingest.output()).toMatch(/of handbook completed in .*: 3 documents, 2 chunks, 1 rejected/)
    const search = penstock('search', 'handbook', 'quetzal at noon', '--json')
    await search.closed
    expect(JSON.parse(search.output()).hits[0].uri).toMatch(/page\.html$/)
  })

  test('shows its console to a browser', async () => {
    const page = await fetch(up.url)
    expect([page.status, new URL(page.url).pathname]).toEqual([200, '/console/'])
    const [, script] = /src="(\/console\/assets\/[^"]+\.js)"/.exec(await page.text())!
    expect((await fetch(up.url + script)).headers.get('content-type')).toContain('javascript')
  })

  test('has a client by which the example ingests, follows, and searches', { timeout: 120_000 }, async () => {
    const program = (...args: readonly string[]) =>
      run(process.execPath, [join(folder, clientExample), ...args], {
        cwd: folder,
        env: { ...environment, PENSTOCK_URL: up.url },
      })
    const { stdout, stderr } = await program('docs', 'by-program', 'when', 'does', 'the', 'quetzal', 'sleep')
    const said = stdout.split('\n')
    expect(said.find(line => line.includes('completed 100 %'))).toMatch(/^FINISHING completed 100 %$/)
    expect(said).toContain('3 documents, 2 chunks, 1 rejected')
    expect(stdout).toMatch(/^0\.\d{4} file:\S+\/page\.html Birds\n# Birds\n\nThe quetzal sleeps at noon\./m)
    expect(stderr).toMatch(/^\w+: file:\S+\/binary\.md: /)
    await expect(program('docs', 'No Name', 'x')).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^invalid_request: .*\n {2}kb_id must be 1 to 64 lower-case letters/),
    })
  })

  test('ends whole', { timeout: 60_000 }, async () => {
    up.child.kill('SIGTERM')
    await up.closed
    await gone(tree)
  })
})
