import { execFile } from 'node:child_process'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openInstallation } from '../kit/installation.ts'
import { pythonWith } from '../kit/python.ts'

const run = promisify(execFile)
const example = (name: string) => resolve(import.meta.dirname, '../../examples', name)

let penstock: Awaited<ReturnType<typeof openInstallation>>
beforeAll(async () => {
  penstock = await openInstallation(['api', 'coordinator', 'loading', 'chunking', 'embedding', 'indexing', 'finishing'])
  penstock.write('a.md', '# A\n\nThe quetzal sleeps at noon.\n')
})
afterAll(() => penstock?.close())

test.each([
  ['TypeScript', async () => [process.execPath, example('02-commands.ts')]],
  [
    'Python',
    async () => {
      const venv = await pythonWith(['confluent-kafka==2.16.1', 'fastavro==1.13.1'], 'The example in Python')
      return [join(venv, 'bin', 'python'), example('02-commands.py')]
    },
  ],
] as const)('the example in %s starts a job and is told of a refusal', { timeout: 120_000 }, async (name, command) => {
  const [program, ...args] = await command()
  const ask = async (...more: readonly string[]) => {
    const { stdout } = await run(program!, [...args, ...more], { env: { ...process.env, ...penstock.addresses } })
    return JSON.parse(stdout)
  }
  const kb = `by-${name.toLowerCase()}`
  const request = JSON.stringify({ sources: [{ type: 'markdown', path: penstock.corpus }] })
  const started = await ask('start', kb, request)
  expect(started).toMatchObject({ outcome: 'accepted', kb_id: kb, code: null })
  expect(await penstock.ended(started.job_id)).toMatchObject({ status: 'completed', metrics: { documents: 1 } })
  expect(await ask('pause', kb, 'EMBEDDING')).toMatchObject({
    outcome: 'refused',
    code: 'illegal_transition',
    message: 'A job that is completed does not take "pause". It has ended; start a new one.',
  })
  expect(await ask('start', kb, '{"sources": []}')).toMatchObject({
    outcome: 'refused',
    code: 'invalid_request',
    message: 'sources: needs at least one source',
  })
})
