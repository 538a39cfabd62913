import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { loadConfig } from '../../src/config.ts'
import { checkout } from '../kit/compose.ts'
import { skipSaying } from '../kit/skip-saying.ts'
import { temporaryFolder } from '../kit/temporary-folder.ts'

const folder = join(checkout, 'deploy/kubernetes')
const read = (file: string) => readFileSync(join(folder, file), 'utf8')

interface ScaledObject {
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly spec: { readonly triggers: readonly { readonly metadata: Readonly<Record<string, string>> }[] }
}
const scaled = (yaml: string) =>
  parseAllDocuments(yaml)
    .map(one => one.toJS() as ScaledObject)
    .filter(({ kind }) => kind === 'ScaledObject')
const stages = ['chunking', 'embedding', 'indexing', 'intake', 'loading', 'tabulating']

test('KEDA asks Kafka at the addresses of settings.yaml', context => {
  const missing = spawnSync('kubectl', ['version', '--client']).status !== 0
  skipSaying(context, missing, 'kubectl is not there')
  const { folder: copy, remove } = temporaryFolder('kustomize')
  onTestFinished(remove)
  cpSync(folder, copy, { recursive: true })
  const brokers = 'b-1.example.net:9096,b-2.example.net:9096'
  writeFileSync(join(copy, 'settings.yaml'), read('settings.yaml').replace('kafka:9092', brokers))
  const built = scaled(execFileSync('kubectl', ['kustomize', copy], { encoding: 'utf8' }))
  expect(built.map(({ metadata }) => metadata.name).toSorted()).toEqual(stages.map(name => `penstock-${name}`))
  for (const { metadata, spec } of built)
    expect(spec.triggers[0]!.metadata.bootstrapServers, metadata.name).toBe(brokers)
})

test('KEDA speaks a protocol that Kafka 4 takes, and adds no pods for lanes that have nothing or that stand', () => {
  for (const name of stages) {
    const [{ spec }] = scaled(read(`${name}.yaml`)) as [ScaledObject]
    const { version, limitToPartitionsWithLag, excludePersistentLag } = spec.triggers[0]!.metadata
    expect([version, limitToPartitionsWithLag], name).toEqual(['4.0.0', 'true'])
    const entry = name === 'loading' || name === 'intake'
    expect(excludePersistentLag, name).toBe(entry ? undefined : 'true')
  }
})

test('with the key of the example, which everybody can read, the API does not start', () => {
  const { stringData } = parse(read('secret.example.yaml')) as { stringData: Record<string, string> }
  const { PENSTOCK_ADMIN_KEY = '' } = stringData
  expect(() => loadConfig({ env: { PENSTOCK_ADMIN_KEY }, cwd: folder })).toThrow(/PENSTOCK_ADMIN_KEY.*32/)
})

test('the settings of Prometheus for Kubernetes name the job that alerts go by, and the port that pods name', () => {
  const settings = parse(readFileSync(join(checkout, 'deploy/prometheus/prometheus.kubernetes.yml'), 'utf8'))
  const [{ job_name, kubernetes_sd_configs, relabel_configs }] = settings.scrape_configs
  expect(settings.rule_files).toEqual(['alerts.yml'])
  expect([job_name, kubernetes_sd_configs]).toEqual([
    'penstock',
    [{ role: 'pod', namespaces: { names: ['penstock'] } }],
  ])
  expect(relabel_configs[0]).toMatchObject({ regex: 'penstock;metrics', action: 'keep' })
})
