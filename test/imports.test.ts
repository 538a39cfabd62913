import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'

const checkout = resolve(import.meta.dirname, '..')
const filesIn = (folder: string) =>
  readdirSync(join(checkout, folder), { recursive: true, encoding: 'utf8' })
    .filter(file => /\.tsx?$/.test(file))
    .sort()
const files = filesIn('src')
const sources = new Map(files.map(file => [file, readFileSync(join(checkout, 'src', file), 'utf8')]))
const source = (file: string) => sources.get(file)!

/** Everything a file imports or passes on: packages by name, files as paths below src. */
const importsOf = (file: string): readonly string[] =>
  [...source(file).matchAll(/^(?:import|export)\s+(?:[\w*{][^'"=;()]*?\sfrom\s+)?'([^']+)'|\bimport\('([^']+)'\)/gm)]
    .map(([, named, called]) => (named ?? called)!)
    .map(path => (path.startsWith('.') ? relative('/', resolve('/', dirname(file), path)) : path))
const edges = new Map(files.map(file => [file, importsOf(file)]))

const folderOf = (file: string) => (file.includes('/') ? file.split('/')[0]! : null)
/** True where `name` is the path or package itself, or `rule` is a folder above it. */
const matches = (name: string, rule: string) => name === rule || name.startsWith(rule.endsWith('/') ? rule : `${rule}/`)

/**
 * What each folder may import besides itself: folders, and of other folders the single file that is their port. The
 * files of src itself are composition and may import all; no folder imports them but where it says so.
 */
const allowed: Readonly<Record<string, readonly string[]>> = {
  schemas: [],
  tls: [],
  config: [],
  telemetry: ['schemas/', 'runtime/tracing.ts', 'runtime/errors.ts', 'kafka/broker.ts'],
  supervisor: [],
  chunking: [],
  runtime: ['schemas/', 'kafka/broker.ts'],
  stages: [
    ...['schemas/', 'runtime/', 'chunking/', 'knowledge/knowledge-base.ts', 'sources/source.ts'],
    ...['models/model.ts', 'models/vectors.ts'],
  ],
  coordinator: ['schemas/', 'runtime/errors.ts', 'kafka/broker.ts', 'intake/parking.ts'],
  intake: ['schemas/', 'runtime/', 'kafka/broker.ts'],
  kafka: ['supervisor/', 'tls/'],
  knowledge: ['schemas/', 'runtime/errors.ts', 'runtime/effects.ts', 'supervisor/', 'tls/', 'telemetry/spans.ts'],
  sources: ['schemas/', 'runtime/errors.ts', 'telemetry/spans.ts'],
  uploads: ['runtime/errors.ts'],
  access: ['schemas/tenants.ts'],
  models: ['runtime/errors.ts', 'telemetry/secrets.ts', 'telemetry/spans.ts'],
  api: [
    ...[
      'access/keys.ts',
      'coordinator/jobs.ts',
      'coordinator/dead-letters.ts',
      'coordinator/intake-status.ts',
      'coordinator/schedules.ts',
      'coordinator/deletions.ts',
      'coordinator/kb-settings.ts',
      'knowledge/knowledge-base.ts',
      'knowledge/explain.ts',
      'schemas/tenants.ts',
      'schemas/trace-context.ts',
      'telemetry/contexts.ts',
      'telemetry/request-id.ts',
      'telemetry/spans.ts',
      'models/model.ts',
      'sources/spec.ts',
      'sources/specs/',
    ],
    ...['runtime/errors.ts', 'verify/verifier.ts', 'verify/codes.ts', 'uploads/uploads.ts'],
  ],
  // Compares what the others own: it looks at all of them, and none of them at it.
  verify: ['schemas/', 'runtime/errors.ts', 'kafka/broker.ts', 'coordinator/', 'knowledge/'],
  cli: ['api/client.ts', 'api/contract/'],
  console: ['api/client.ts', 'api/contract/'],
}

test('each folder imports only what the house allows it', () => {
  const broken = [...edges].flatMap(([file, imports]) => {
    const folder = folderOf(file)
    if (folder === null) return []
    const rules = allowed[folder]
    if (!rules) return [`${folder}/ has no rule`]
    return imports
      .filter(path => sources.has(path))
      .filter(path => !path.startsWith(`${folder}/`) && !rules.some(rule => matches(path, rule)))
      .map(path => `${file} imports ${path}`)
  })
  expect(broken).toEqual([])
})

test('every import of a file was understood', () => {
  const lost = [...edges].flatMap(([file, imports]) =>
    imports.filter(path => /\.tsx?$/.test(path) && !sources.has(path)).map(path => `${file} imports ${path}`),
  )
  expect(lost.filter(one => !one.includes('migrations/'))).toEqual([])
  const counted = (file: string) => source(file).match(/^import\b|^export [^=;(]*?\bfrom '/gm)?.length ?? 0
  expect(files.filter(file => importsOf(file).length < counted(file))).toEqual([])
})

test('there are no import cycles', () => {
  const done = new Set<string>()
  const cycles: string[] = []
  const visit = (file: string, path: readonly string[]) => {
    if (path.includes(file)) {
      cycles.push([...path.slice(path.indexOf(file)), file].join(' → '))
      return
    }
    if (done.has(file)) return
    for (const next of edges.get(file) ?? []) visit(next, [...path, file])
    done.add(file)
  }
  for (const file of files) visit(file, [])
  expect(cycles).toEqual([])
})

test('a package or module is imported only where it belongs', () => {
  const homes: Readonly<Record<string, readonly string[]>> = {
    kafkajs: ['kafka/'],
    '@kafkajs/confluent-schema-registry': ['schemas/registry.ts'],
    pg: ['knowledge/', 'verify/', 'database.ts'],
    'pg-copy-streams': ['knowledge/'],
    '@mikro-orm': ['knowledge/', 'coordinator/', 'access/', 'api-access.ts', 'database.ts', 'migrate.ts'],
    '@electric-sql': ['knowledge/'],
    openai: ['models/'],
    '@opentelemetry': ['telemetry/', 'api/traced.ts'],
    fastify: ['api/'],
    'prom-client': ['telemetry/'],
    react: ['console/'],
    commander: ['cli/', 'main.ts', 'migrate-verb.ts', 'recover-verb.ts'],
  }
  const astray = [...edges].flatMap(([file, imports]) =>
    imports
      .filter(path =>
        Object.entries(homes).some(([name, home]) => matches(path, name) && !home.some(h => matches(file, h))),
      )
      .map(path => `${file} imports ${path}`),
  )
  expect(astray).toEqual([])
})

test('stages, chunking and records reach no file, no network and no other process', () => {
  const outside = ['node:fs', 'node:net', 'node:http', 'node:https', 'node:child_process', 'node:worker_threads']
  const reaching = [...edges].filter(
    ([file, imports]) =>
      ['stages', 'chunking', 'runtime', 'schemas'].includes(folderOf(file) ?? '') &&
      imports.some(path => outside.some(name => matches(path, name))),
  )
  expect(reaching.map(([file]) => file)).toEqual([])
})

test('only the file opener and its listing touch the files of sources', () => {
  const openers = files.filter(
    file => folderOf(file) === 'sources' && edges.get(file)!.some(path => matches(path, 'node:fs')),
  )
  expect(openers).toEqual(['sources/file-listing.ts', 'sources/file-opener.ts'])
})

test('only the fetcher opens sockets to sources', () => {
  const modules = ['node:net', 'node:http', 'node:https', 'node:http2', 'node:tls', 'node:dgram', 'node:dns', 'undici']
  const fetchers = files.filter(
    file =>
      folderOf(file) === 'sources' &&
      (edges.get(file)!.some(path => modules.some(name => matches(path, name))) ||
        /(?<![\w.#])(?<!async )fetch\(|\bnew (?:WebSocket|EventSource|XMLHttpRequest)\b/.test(source(file))),
  )
  expect(fetchers).toEqual([
    'sources/fetcher.ts',
    'sources/fetching/body.ts',
    'sources/fetching/exchange.ts',
    'sources/fetching/guard.ts',
  ])
})

test('only config.ts reads the environment', () => {
  expect(files.filter(file => /\bprocess\s*\.\s*env\b|[{,]\s*env\b[^}]*}\s*=\s*process\b/.test(source(file)))).toEqual([
    'config.ts',
  ])
})

test('there are no barrels', () => {
  expect(files.filter(file => /^export \* from/m.test(source(file)))).toEqual([])
})

test('every stage is under 100 lines, no file is past 200 and no file of a test past 400', () => {
  const lines = (text: string) => text.split('\n').length - 1
  const tests = filesIn('test').map(file => [file, readFileSync(join(checkout, 'test', file), 'utf8')] as const)
  const long = [
    ...files.filter(file => folderOf(file) === 'stages' && lines(source(file)) >= 100),
    ...files.filter(file => lines(source(file)) > 200),
    ...tests.filter(([, text]) => lines(text) > 400).map(([file]) => `test/${file}`),
  ]
  expect(long).toEqual([])
})
