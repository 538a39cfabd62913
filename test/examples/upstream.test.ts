import { execFile } from 'node:child_process'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { resolveJars } from '../../src/kafka/jars.ts'
import { openInstallation } from '../kit/installation.ts'
import { cacheDir } from '../kit/kafka.ts'
import { pythonWith } from '../kit/python.ts'
import { until } from '../kit/until.ts'
import { searchable } from '../kit/upstream-story.ts'

const run = promisify(execFile)
const example = (name: string) => resolve(import.meta.dirname, '../../examples', name)
const kb = 'tickets'

let penstock: Awaited<ReturnType<typeof openInstallation>>
beforeAll(async () => {
  const stages = ['intake', 'loading', 'chunking', 'embedding', 'indexing', 'finishing'] as const
  penstock = await openInstallation(['api', 'coordinator', ...stages])
  await penstock.client.ingest({ body: { kb_id: kb, sources: [{ type: 'events' }] } })
})
afterAll(() => penstock?.close())

test.each([
  ['TypeScript', async () => [process.execPath, example('03-upstream.ts')]],
  [
    'Python',
    async () => {
      const venv = await pythonWith(['confluent-kafka==2.16.1', 'fastavro==1.13.1'], 'The example in Python')
      return [join(venv, 'bin', 'python'), example('03-upstream.py')]
    },
  ],
  [
    'Java',
    async () => {
      const jars = await resolveJars('kafka', { cacheDir, progress: () => undefined })
      return ['java', '-cp', join(jars, '*'), example('03-Upstream.java')]
    },
  ],
] as const)('the example in %s publishes a document and deletes it', { timeout: 240_000 }, async (name, command) => {
  const [program, ...args] = await command()
  const publish = async (...more: readonly string[]) => {
    const { stdout } = await run(program!, [...args, ...more], { env: { ...process.env, ...penstock.addresses } })
    return JSON.parse(stdout) as { uri: string; partition: number; offset: number; trace_id: string }
  }
  const uri = `ticket:${name}`
  const found = async () => (await searchable(penstock, kb)).texts.get(uri)
  const sent = await publish(kb, uri, `"${name}" says: the valve leaks.`)
  expect(sent).toMatchObject({ uri, trace_id: expect.stringMatching(/^[0-9a-f]{32}$/) })
  await until('it is found', async () => (await found()) === `"${name}" says: the valve leaks.`, 30_000)
  await publish(kb, uri)
  await until('it is gone', async () => (await found()) === undefined, 30_000)

  const lost = await publish('nowhere', uri, 'Nobody takes this.')
  const letter = await until('a dead letter', async () => {
    const call = { params: { job_id: 'INTAKE' }, query: { code: 'unknown_kb' } }
    const { dead_letters } = await penstock.client.deadLetterRecords(call)
    return dead_letters.find(one => one.trace_id === lost.trace_id)
  })
  expect(letter).toMatchObject({ uri, lane: lost.partition, offset: lost.offset })
})
