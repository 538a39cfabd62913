import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import manifest from '../../package.json' with { type: 'json' }
import { settings } from '../../src/config/settings.ts'
import { serverProperties } from '../../src/kafka/embedded-properties.ts'
import { roleNames } from '../../src/roles.ts'
import { checkout, dependenciesOf, msOf, readCompose, variables } from '../kit/compose.ts'

const compose = readCompose({ POSTGRES_PASSWORD: 'secret', GRAFANA_PASSWORD: 'secret', PENSTOCK_ADMIN_KEY: 'k' })
const ours = Object.entries(compose.services).filter(([, { image }]) => image.startsWith('penstock:'))
const roles = ours.filter(([, { command }]) => command?.[0] === 'run')
const read = (file: string) => readFileSync(join(checkout, file), 'utf8')

describe('docker-compose.yml', () => {
  /** The schema is compose-go's (github.com/compose-spec/compose-go v2.16.2, schema/compose-spec.json, Apache-2.0). */
  test('is what the Compose specification takes', () => {
    const schema = JSON.parse(read('test/deploy/compose-spec.json'))
    const validate = new Ajv2020({ strict: false, formats: { duration: true, subnet_ip_address: true } }).compile(
      schema,
    )
    validate(compose)
    expect(validate.errors).toBeNull()
    validate({ services: { api: { imagee: 'x' } } })
    expect(validate.errors).not.toBeNull()
  })

  test('has every role once, under its own name, and the migrations before all of them', () => {
    expect(roles.map(([, { command }]) => command)).toEqual(
      expect.arrayContaining(roleNames.map(name => ['run', name])),
    )
    expect(roles.map(([name]) => name).toSorted()).toEqual([...roleNames].toSorted())
    for (const [name, service] of roles) {
      expect(service.command, name).toEqual(['run', name])
      expect(dependenciesOf(service)).toEqual({
        migrate: 'service_completed_successfully',
        kafka: 'service_healthy',
        registry: 'service_healthy',
        postgres: 'service_healthy',
      })
    }
    expect(compose.services.migrate!.command).toEqual(['migrate'])
  })

  test('waits only for services that there are, for their health only where it is checked', () => {
    for (const [name, service] of Object.entries(compose.services))
      for (const [on, condition] of Object.entries(dependenciesOf(service))) {
        const other = compose.services[on]
        expect(other, `${on}, for which ${name} waits`).toBeDefined()
        if (condition === 'service_healthy') expect(other!.healthcheck, on).toBeDefined()
        if (condition === 'service_completed_successfully') expect(other, on).toMatchObject({ restart: 'no' })
      }
  })

  test('sets nothing that is no setting, and the version of its image is that of the package', () => {
    const known = settings.map(({ env }) => env)
    for (const [name, { environment, image }] of ours) {
      expect(
        Object.keys(environment!).filter(variable => !known.includes(variable)),
        name,
      ).toEqual([])
      expect(image).toBe(`penstock:${manifest.version}`)
    }
  })

  test('pins every image, bounds every service, and publishes on loopback alone', () => {
    for (const [name, { image, deploy, ports = [] }] of Object.entries(compose.services)) {
      expect(image, name).toMatch(/:v?\d+\.\d+(\.\d+)?[\w.-]*$/)
      expect(deploy?.resources.limits, name).toMatchObject({ cpus: expect.anything(), memory: expect.anything() })
      for (const port of ports) expect(port, name).toMatch(/^127\.0\.0\.1:/)
    }
  })

  test('gives roles nothing that they do not need, and longer to end than they take', () => {
    const [, late] = /const stopWithinMs = ([\d_]+)/.exec(read('src/main.ts'))!
    for (const [name, service] of ours) {
      expect(service, name).toMatchObject({ read_only: true, cap_drop: ['ALL'] })
      expect(msOf(service.stop_grace_period!), name).toBeGreaterThan(Number(late!.replaceAll('_', '')) + 5000)
    }
  })

  test('asks a role for its health in words without spaces, where the Docker API of an older Podman cuts them', () => {
    for (const [name, { healthcheck }] of roles)
      for (const word of healthcheck!.test) expect(word, name).toMatch(/^\S+$/)
  })

  test('keeps what it must in volumes that it names', () => {
    const named = Object.values(compose.services)
      .flatMap(({ volumes = [] }) => volumes)
      .map(volume => volume.split(':')[0]!)
      .filter(source => !/^[./]/.test(source))
    expect([...new Set(named)].toSorted()).toEqual(Object.keys(compose.volumes).toSorted())
    const mounts = (name: string) => compose.services[name]!.volumes
    expect(mounts('loading')).toEqual(mounts('api'))
  })

  test('tells Kafka what Penstock asks of it, and takes the versions that are tested', () => {
    const { image, environment } = compose.services.kafka!
    const said = (key: string) => String(environment![`KAFKA_${key.toUpperCase().replaceAll('.', '_')}`])
    const embedded = new Map(
      serverProperties({ port: 1, controllerPort: 2, logs: '/logs' })
        .split('\n')
        .map(line => line.split('=') as [string, string]),
    )
    for (const key of [
      'offsets.retention.minutes',
      'message.max.bytes',
      'log.segment.bytes',
      'auto.create.topics.enable',
      'group.initial.rebalance.delay.ms',
      'offsets.topic.replication.factor',
      'transaction.state.log.replication.factor',
      'transaction.state.log.min.isr',
      'transaction.abort.timed.out.transaction.cleanup.interval.ms',
    ])
      expect([key, said(key)]).toEqual([key, embedded.get(key)])
    const pom = read('src/kafka/pom.xml')
    expect(pom).toContain(`<kafka.version>${image.split(':')[1]}</kafka.version>`)
    expect(pom).toContain(`<registry.version>${compose.services.registry!.image.split(':')[1]}</registry.version>`)
  })

  test('checks the health of every role, and has all of them scraped', () => {
    for (const [name, { healthcheck, environment }] of roles)
      expect(healthcheck?.test.at(-1), name).toContain(`:${environment!.PENSTOCK_METRICS_PORT}/readyz`)
    const {
      scrape_configs: [scraped],
    } = parse(read('deploy/compose/prometheus.yml'))
    expect(scraped.dns_sd_configs[0].names.toSorted()).toEqual([...roleNames].toSorted())
    expect(scraped).toMatchObject({ job_name: 'penstock', dns_sd_configs: [{ port: 9400 }] })
  })

  test('keeps Kafka, Jaeger and Grafana within their memory', () => {
    const { kafka, jaeger, grafana } = compose.services as Readonly<Record<string, (typeof compose.services)[string]>>
    expect(kafka!.healthcheck!.test.at(-1)).toMatch(/^KAFKA_HEAP_OPTS='-Xms16m -Xmx96m' /)
    const [mounted, path] = jaeger!.volumes![0]!.split(':')
    expect(jaeger!.command).toEqual(['--config', path])
    const { service, extensions, exporters, receivers } = parse(read(mounted!))
    const { traces: backend } = extensions.jaeger_query.storage
    expect(exporters.jaeger_storage_exporter.trace_storage).toBe(backend)
    expect(extensions.jaeger_storage.backends[backend].memory.max_traces).toBeLessThanOrEqual(10_000)
    expect(service.pipelines.traces).toMatchObject({
      receivers: Object.keys(receivers),
      exporters: Object.keys(exporters),
    })
    expect(new URL(String(roles[0]![1].environment!.OTEL_EXPORTER_OTLP_ENDPOINT)).host).toBe(
      receivers.otlp.protocols.http.endpoint.replace('0.0.0.0', 'jaeger'),
    )
    expect(grafana).toMatchObject({
      environment: { GF_PLUGINS_PREINSTALL_DISABLED: 'true' },
      deploy: { resources: { limits: { memory: '512m' } } },
    })
  })

  test('mounts files that there are', () => {
    const mounted = Object.values(compose.services)
      .flatMap(({ volumes = [] }) => volumes)
      .map(volume => volume.split(':')[0]!)
      .filter(source => source.startsWith('./') && source !== './documents')
    expect(mounted.filter(source => !existsSync(join(checkout, source)))).toEqual([])
    expect(mounted.length).toBeGreaterThan(3)
  })

  test('asks for its secrets, and .env.example names all that it takes', () => {
    const example = read('.env.example')
    for (const { name } of variables) expect(example).toMatch(new RegExp(`^${name}=`, 'm'))
    const required = new Set(variables.filter(({ required }) => required).map(({ name }) => name))
    expect([...required].toSorted()).toEqual(['GRAFANA_PASSWORD', 'PENSTOCK_ADMIN_KEY', 'POSTGRES_PASSWORD'])
    expect(() => readCompose({})).toThrow(/copy \.env\.example to \.env/)
  })
})
