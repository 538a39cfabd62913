import { afterEach, beforeEach, expect, test } from 'vitest'
import { startRegistry } from '../../src/kafka/registry-embedded.ts'
import { cacheDir } from '../kit/kafka.ts'
import { removeOrphans, serviceFolder } from '../kit/temporary-folder.ts'

let temporary: ReturnType<typeof serviceFolder>
const stops: (() => Promise<void>)[] = []
beforeEach(async () => {
  await removeOrphans('registry')
  temporary = serviceFolder('registry')
})
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
  temporary.remove()
})

const start = async () => {
  const registry = await startRegistry({ dataDir: temporary.folder, cacheDir })
  stops.push(registry.stop)
  return registry
}

const register = async (url: string, subject: string): Promise<number> => {
  const answer = await fetch(`${url}/subjects/${subject}/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({ schema: JSON.stringify({ type: 'record', name: subject, fields: [] }) }),
  })
  return ((await answer.json()) as { id: number }).id
}

test('a schema that was registered is known under its id after a kill at once', { timeout: 120_000 }, async () => {
  const first = await start()
  const ids = []
  for (const subject of ['a', 'b', 'c']) ids.push(await register(first.url, subject))
  process.kill(first.pid, 'SIGKILL')
  expect((await first.ended)?.message).toContain('SIGKILL')

  const second = await start()
  expect(second.url).toBe(first.url)
  const subjects = await (await fetch(`${second.url}/subjects`)).json()
  expect(subjects).toEqual(['a', 'b', 'c'])
  for (const [i, subject] of ['a', 'b', 'c'].entries()) expect(await register(second.url, subject)).toBe(ids[i])
})
