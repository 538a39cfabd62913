import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../src')
const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter(file => file.endsWith('.ts'))
  .sort()
const source = (file: string) => readFileSync(join(root, file), 'utf8')

/** Relative imports of a file, as paths below src. */
const importsOf = (file: string) =>
  [...source(file).matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map(([, path]) =>
    relative(root, resolve(root, dirname(file), path!)),
  )
const edges = new Map(files.map(file => [file, importsOf(file)]))

const ports = [
  'kafka/broker.ts',
  'knowledge/knowledge-base.ts',
  'sources/source.ts',
  'models/model.ts',
  'coordinator/jobs.ts',
  'coordinator/clock.ts',
]
/** Folder to what it may import beside itself. */
const allowed: Record<string, readonly RegExp[]> = {
  schemas: [],
  runtime: [/^schemas\//],
  stages: [/^schemas\//, /^runtime\//, /^chunking\//, /^models\/vectors\.ts$/],
  chunking: [/^schemas\//],
  coordinator: [/^schemas\//, /^runtime\/errors\.ts$/, /^knowledge\/(catalogue|entities)\.ts$/, /^database\.ts$/],
  kafka: [/^schemas\//, /^supervisor\//, /^runtime\/errors\.ts$/],
  knowledge: [/^schemas\//, /^runtime\//, /^supervisor\//, /^database\.ts$/],
  sources: [/^schemas\//, /^runtime\/errors\.ts$/],
  models: [/^schemas\//, /^runtime\/errors\.ts$/, /^telemetry\/secrets\.ts$/],
  supervisor: [],
  telemetry: [],
  cli: [/^api\/(client\.ts|contract\/)/],
  api: [/^schemas\//, /^sources\/spec\.ts$/, /^runtime\/errors\.ts$/],
}

test('each folder imports only what the house allows it', () => {
  const broken = [...edges].flatMap(([file, imports]) => {
    const folder = file.split('/')[0]!
    const rules = allowed[folder]
    if (!rules) return []
    return imports
      .filter(path => !path.startsWith(`${folder}/`) && !ports.includes(path) && !rules.some(rule => rule.test(path)))
      .map(path => `${file} imports ${path}`)
  })
  expect(broken).toEqual([])
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

test('only config.ts reads the environment', () => {
  const readers = files.filter(file => /process\s*\.\s*env/.test(source(file)))
  expect(readers.filter(file => file !== 'config.ts' && !file.startsWith('config/'))).toEqual([])
})

test('stages know no Kafka, no database client and no environment', () => {
  const foreign = files
    .filter(file => file.startsWith('stages/'))
    .filter(file => /from '(kafkajs|pg|@mikro-orm|openai|node:fs|node:net)/.test(source(file)))
  expect(foreign).toEqual([])
})

test('every stage is a file of under 100 lines and no file is past 250', () => {
  const lines = (file: string) => source(file).split('\n').length - 1
  expect(files.filter(file => file.startsWith('stages/') && lines(file) >= 100)).toEqual([])
  expect(files.filter(file => lines(file) > 250)).toEqual([])
})

test('a client library is imported only where its adapter is', () => {
  const homes: Record<string, RegExp> = {
    kafkajs: /^kafka\//,
    '@kafkajs/confluent-schema-registry': /^schemas\/registry\.ts$/,
    pg: /^(knowledge\/|database\.ts$)/,
    '@mikro-orm/[a-z]+': /^(knowledge\/|coordinator\/|database\.ts$|migrate\.ts$)/,
    openai: /^models\//,
    fastify: /^api\//,
    commander: /^(cli\/|main\.ts$|migrate-verb\.ts$)/,
  }
  const astray = Object.entries(homes).flatMap(([name, home]) =>
    files
      .filter(file => new RegExp(`from '${name}['/]`).test(source(file)) && !home.test(file))
      .map(file => `${file}: ${name}`),
  )
  expect(astray).toEqual([])
})

test('only the file opener and its listing touch the files of sources', () => {
  const openers = files.filter(file => file.startsWith('sources/') && /from 'node:fs/.test(source(file)))
  expect(openers).toEqual(['sources/file-listing.ts', 'sources/file-opener.ts'])
})

test('there are no barrels', () => {
  expect(files.filter(file => /^export \* from/m.test(source(file)))).toEqual([])
})
