import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import type { Instrument } from '../../src/telemetry/instrument.ts'
import { instruments } from '../../src/telemetry/instruments.ts'
import { Metrics } from '../../src/telemetry/metrics.ts'
import { skipSaying } from '../kit/skip-saying.ts'
import { alerts, dashboards, deploy, exposedIn, queries, wrongIn } from './queries.ts'

/** Every series that the instruments can have, those of the process itself, and Prometheus' own `up`. */
const exposed = async () => {
  const metrics = new Metrics({ failed: () => expect.unreachable() })
  const all = exposedIn(await metrics.text()).set('up', new Set())
  for (const { kind, name, labels } of Object.values<Instrument>(instruments))
    if (kind !== 'histogram') all.set(name, new Set(labels))
    else {
      all.set(`${name}_bucket`, new Set([...labels, 'le']))
      for (const part of ['sum', 'count']) all.set(`${name}_${part}`, new Set(labels))
    }
  return all
}

test('each panel, alert and variable asks for series and labels that there are', async () => {
  const all = await exposed()
  expect(queries.length).toBeGreaterThan(60)
  expect(queries.flatMap(query => wrongIn(query, all))).toEqual([])
})

test.each([
  ['sum(no_such_total)', 'nothing exposes no_such_total'],
  ['sum by (lane) (chunks_processed_total)', 'it groups by lane, which nothing in it has'],
  ['chunks_processed_total{kb_id="a"}', 'chunks_processed_total has no label kb_id'],
  ['sum by (stage (chunks_processed_total)', 'it is no PromQL'],
])('a query such as %s is found', async (expr, what) => {
  expect(wrongIn({ where: 'here', expr, shown: [] }, await exposed())).toContain(`here: ${what}`)
})

test('each instrument is looked at by a panel or an alert', () => {
  const unseen = Object.values<Instrument>(instruments).filter(
    ({ name }) => !queries.some(({ expr }) => expr.includes(name)),
  )
  expect(unseen.map(({ name }) => name)).toEqual([])
})

test('each single number says from where on it is coloured, which Grafana would else do from 80 on', () => {
  const numbers = dashboards.flatMap(({ panels }) => panels).filter(({ type }) => type === 'stat')
  expect(numbers.length).toBeGreaterThan(5)
  const bare = numbers.filter(({ fieldConfig }) => !fieldConfig.defaults.thresholds?.steps.length)
  expect(bare.map(({ title }) => title)).toEqual([])
})

test('the package carries them', () => {
  expect(manifest.files).toContain('deploy')
})

test('promtool takes the settings and the rules', context => {
  const missing = spawnSync('promtool', ['--version']).error !== undefined
  skipSaying(context, missing, 'promtool is not there (the Debian package prometheus has it)')
  const said = execFileSync('promtool', ['check', 'config', join(deploy, 'prometheus/prometheus.yml')], {
    encoding: 'utf8',
  })
  expect(said).toMatch(/\d+ rules found/)
})

test('the alerts fire and stay silent as test/deploy/alerts.yml says', context => {
  const missing = spawnSync('promtool', ['--version']).error !== undefined
  skipSaying(context, missing, 'promtool is not there (the Debian package prometheus has it)')
  const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', join(import.meta.dirname, 'alerts.yml')], {
    encoding: 'utf8',
  })
  expect(`${stdout}${stderr}`).toContain('SUCCESS')
  expect(status).toBe(0)
})

test('the documentation says of each dashboard what it answers, and of each alert what to do', () => {
  const page = readFileSync(join(deploy, '../docs/OBSERVABILITY.md'), 'utf8')
  const told = [...page.matchAll(/^\| (Penstock[^|]*?) \|/gm)].map(([, name]) => name!)
  expect(told.sort()).toEqual([...dashboards.map(({ title }) => title), ...alerts.map(({ alert }) => alert)].sort())
})
