/**
 * Whether the dashboards and alerts show something: a real Prometheus scrapes a running Penstock through a day's story in
 * a minute, then every query is asked of its HTTP API, and those that returned nothing are listed. Needs `prometheus` on the
 * PATH, and what the tests need.
 *
 *   node bench/dashboards.ts [--json]
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { freePort } from '../src/supervisor/ports.ts'
import { deploy, filledIn, queries } from '../test/deploy/queries.ts'
import { startTestPostgres, testDatabase } from '../test/kit/postgres.ts'
import { until } from '../test/kit/until.ts'
import { observedStory, openObserved } from '../test/system/observed.ts'

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } })
const say = (line: string) => void process.stderr.write(`${line}\n`)

interface Answer {
  readonly data: { readonly result: readonly { readonly values: readonly unknown[] }[] }
}

/** Starts Prometheus with the settings of this folder, but for the address of the API and the pace of its looks. */
const startPrometheus = async (folder: string, api: string) => {
  mkdirSync(folder)
  const settings = readFileSync(join(deploy, 'prometheus/prometheus.yml'), 'utf8')
  writeFileSync(join(folder, 'alerts.yml'), readFileSync(join(deploy, 'prometheus/alerts.yml'), 'utf8'))
  writeFileSync(
    join(folder, 'prometheus.yml'),
    settings.replace('http://127.0.0.1:7400', api).replaceAll('_interval: 10s', '_interval: 1s'),
  )
  const url = `http://127.0.0.1:${await freePort()}`
  const child = spawn(
    'prometheus',
    [
      ...['--config.file', join(folder, 'prometheus.yml'), '--storage.tsdb.path', join(folder, 'data')],
      ...['--web.listen-address', new URL(url).host, '--log.level', 'warn'],
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  )
  await once(child, 'spawn')
  await until('Prometheus is ready', async () => (await fetch(`${url}/-/ready`).catch(() => null))?.ok, 60_000)
  const ask = async <T>(path: string, query: Readonly<Record<string, string>> = {}): Promise<T> => {
    const answer = await fetch(`${url}/api/v1/${path}?${new URLSearchParams(query)}`)
    if (!answer.ok) throw new Error(`${path} of Prometheus answered ${answer.status}: ${await answer.text()}`)
    return (await answer.json()) as T
  }
  const stop = async () => {
    child.kill('SIGTERM')
    await once(child, 'exit')
  }
  return { ask, stop }
}

const postgres = await startTestPostgres()
const penstock = await openObserved(() => testDatabase(postgres.url))
const prometheus = await startPrometheus(join(penstock.folder, 'prometheus'), penstock.url)
try {
  const targets = async () => {
    const { data } = await prometheus.ask<{ data: { activeTargets: readonly { readonly health: string }[] } }>(
      'targets',
    )
    return data.activeTargets.map(({ health }) => health)
  }
  await until(
    'both processes are scraped',
    async () => (await targets()).filter(one => one === 'up').length === 2,
    60_000,
  )
  say('Prometheus scrapes both processes; jobs run')
  const begun = Date.now()
  await observedStory(penstock, async () => undefined)
  const scrapedTo = Date.now() + 3_000
  await until('the end was scraped', () => Date.now() > scrapedTo, 10_000)
  const span = { start: String(begun / 1000 - 30), end: String(Date.now() / 1000), step: '1' }
  const seen = await Promise.all(
    queries.map(async ({ where, expr }) => {
      const { data } = await prometheus.ask<Answer>('query_range', {
        query: filledIn(expr, '5s').replaceAll('[5m]', '[5s]'),
        ...span,
      })
      return {
        where,
        expr,
        series: data.result.length,
        samples: data.result.reduce((sum, one) => sum + one.values.length, 0),
      }
    }),
  )
  const empty = seen.filter(({ series }) => series === 0)
  const { data } = await prometheus.ask<{
    data: { alerts: readonly { readonly labels: { readonly alertname: string } }[] }
  }>('alerts')
  const firing = [...new Set(data.alerts.map(({ labels }) => labels.alertname))]
  if (values.json) console.log(JSON.stringify({ queries: seen, alerts: firing }, null, 2))
  else {
    console.log(
      `${seen.length - empty.length} of ${seen.length} queries returned data. Alerts pending or firing: ${firing.join(', ') || 'none'}`,
    )
    for (const { where, expr } of empty) console.log(`  nothing: ${where}: ${expr}`)
  }
} finally {
  await prometheus.stop()
  await penstock.close()
  await postgres.stop()
}
