import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Ajv } from 'ajv'
import { beforeAll, describe, expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { settings } from '../../src/config/settings.ts'
import { loadConfig } from '../../src/config.ts'
import { roleNames } from '../../src/roles.ts'
import { intake } from '../../src/schemas/names.ts'
import { topics } from '../../src/schemas/topics.ts'
import { checkout, msOf } from '../kit/compose.ts'
import { pythonWith } from '../kit/python.ts'

const run = promisify(execFile)
const folder = join(checkout, 'deploy/kubernetes')
const read = (file: string) => readFileSync(join(folder, file), 'utf8')

interface Container {
  readonly args: readonly string[]
  readonly resources: object
  readonly securityContext: object
}
interface Manifest {
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly data?: Readonly<Record<string, string>>
  readonly stringData?: Readonly<Record<string, string>>
  readonly spec: {
    readonly scaleTargetRef?: { readonly name: string }
    readonly maxReplicaCount?: number
    readonly minReplicaCount?: number
    readonly replicas?: number
    readonly selector?: { readonly matchLabels: object }
    readonly triggers?: readonly { readonly metadata: Readonly<Record<string, string>> }[]
    readonly template: {
      readonly metadata: { readonly labels: object }
      readonly spec: {
        readonly containers: readonly [Container]
        readonly securityContext: object
        readonly terminationGracePeriodSeconds?: number
      }
    }
  }
}
const files = readdirSync(folder).filter(file => file.endsWith('.yaml') && file !== 'kustomization.yaml')
const manifests = files.flatMap(file => parseAllDocuments(read(file)).map(one => one.toJS() as Manifest))
const of = (kind: string) => manifests.filter(one => one.kind === kind)
const named = (kind: string, name: string) => of(kind).find(one => one.metadata.name === name)

describe('the Kubernetes manifests', () => {
  let venv: string
  beforeAll(async () => {
    venv = await pythonWith(['kubernetes-validate==1.37.0'], 'Checking the Kubernetes manifests')
  })

  test('are what Kubernetes takes, by its own schemas', { timeout: 120_000 }, async () => {
    const args = ['-m', 'kubernetes_validate', '--strict', '--kubernetes-version', '1.34.1']
    const { stdout, stderr } = await run(join(venv, 'bin/python3'), [...args, ...files], { cwd: folder })
    const lines = `${stdout}${stderr}`.split('\n')
    const others = manifests.length - of('ScaledObject').length
    expect(lines.filter(line => /passed for resource/.test(line))).toHaveLength(others)
    expect(lines.filter(line => /^WARN/.test(line) && !/kind ScaledObject/.test(line))).toEqual([])
  })

  /** The schema is KEDA's (github.com/kedacore/keda v2.21.0, config/crd/bases, Apache-2.0). */
  test('scale by what KEDA takes', () => {
    const crd = parse(readFileSync(join(checkout, 'test/deploy/keda-scaledobject.yaml'), 'utf8'))
    const validate = new Ajv({ strict: false, validateFormats: false }).compile(
      crd.spec.versions[0].schema.openAPIV3Schema,
    )
    expect(of('ScaledObject').length).toBeGreaterThan(4)
    for (const one of of('ScaledObject')) {
      validate(one)
      expect(validate.errors, one.metadata.name).toBeNull()
    }
    validate({ spec: { triggers: [{ typo: 'kafka' }] } })
    expect(validate.errors).not.toBeNull()
  })

  test('are all listed for kustomize, but for the example of a secret', () => {
    const { resources } = parse(read('kustomization.yaml')) as { resources: readonly string[] }
    expect([...resources].toSorted()).toEqual(files.filter(file => file !== 'secret.example.yaml').toSorted())
  })

  test('have a Deployment and a PodDisruptionBudget for every role, and the migrations', () => {
    const roles = of('Deployment').map(one => one.spec.template.spec.containers[0].args)
    expect(roles.toSorted()).toEqual(roleNames.map(name => ['run', name]).toSorted())
    for (const name of roleNames) {
      const { spec } = named('Deployment', `penstock-${name}`)!
      expect(spec.template.spec.containers[0].args).toEqual(['run', name])
      expect(spec.selector!.matchLabels).toEqual(spec.template.metadata.labels)
      expect(named('PodDisruptionBudget', `penstock-${name}`)!.spec.selector).toEqual(spec.selector)
    }
    expect(of('Job').map(one => one.spec.template.spec.containers[0].args)).toEqual([['migrate']])
  })

  test('give no more rights than are needed, bound memory, and wait longer than a role takes to end', () => {
    const [, late] = /const stopWithinMs = ([\d_]+)/.exec(readFileSync(join(checkout, 'src/main.ts'), 'utf8'))!
    for (const { kind, metadata, spec } of [...of('Deployment'), ...of('Job')]) {
      const { securityContext, containers, terminationGracePeriodSeconds } = spec.template.spec
      expect(securityContext, metadata.name).toMatchObject({ runAsNonRoot: true, runAsUser: 1000 })
      expect(containers[0].securityContext, metadata.name).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      })
      expect(containers[0].resources).toMatchObject({ limits: { memory: expect.any(String) } })
      if (kind === 'Deployment')
        expect(msOf(`${terminationGracePeriodSeconds}s`)).toBeGreaterThan(Number(late!.replaceAll('_', '')) + 5000)
    }
  })

  test('scale a stage by the lag of its own group, to no more than it has partitions', () => {
    const { jobs, upstream } = loadConfig({ env: {}, cwd: folder })
    for (const { metadata, spec } of of('ScaledObject')) {
      const name = spec.scaleTargetRef!.name.replace('penstock-', '')
      expect(metadata.name).toBe(spec.scaleTargetRef!.name)
      const trigger = spec.triggers![0]!.metadata
      expect(trigger.consumerGroup).toBe(name)
      const topic = topics.find(one => one.name === trigger.topic)
      expect(topic?.readers, `${trigger.topic} of ${name}`).toContain(name)
      expect(spec.maxReplicaCount).toBeLessThanOrEqual(name === intake ? upstream.partitions : jobs.lanes)
      expect(spec.minReplicaCount).toBeGreaterThan(0)
      expect(named('Deployment', metadata.name)!.spec.replicas, 'set by KEDA alone').toBeUndefined()
    }
  })

  test('set nothing that is no setting', () => {
    const known = settings.map(({ env }) => env)
    const set = [...of('ConfigMap'), ...of('Secret')].flatMap(one => Object.keys(one.data ?? one.stringData ?? {}))
    expect(set.filter(name => !known.includes(name))).toEqual([])
    expect(set).toEqual(expect.arrayContaining(['KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL', 'DATABASE_URL']))
  })
})
