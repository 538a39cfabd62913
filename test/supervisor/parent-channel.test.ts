import { fork } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { temporaryFolder } from '../kit/temporary-folder.ts'

const { folder, remove } = temporaryFolder('parent-channel')
afterAll(remove)

const channel = resolve(import.meta.dirname, '../../src/supervisor/parent-channel.ts')
const child = (name: string, body: string) => {
  const script = join(folder, `${name}.ts`)
  writeFileSync(script, `import { parentGone, tellParentReady } from ${JSON.stringify(channel)}\n${body}`)
  return fork(script, { execArgv: [], serialization: 'json' })
}

test('a child learns that its parent is gone, and says before that it is ready', async () => {
  const waiting = child('waiting', 'tellParentReady()\nawait parentGone()\nprocess.exit(3)\n')
  expect((await once(waiting, 'message'))[0]).toBe('ready')
  waiting.disconnect()
  expect((await once(waiting, 'exit'))[0]).toBe(3)
})

test('a child that asks only later learns it too', async () => {
  const busy = child(
    'busy',
    `tellParentReady()
const work = setInterval(async () => {
  if (process.connected) return
  clearInterval(work)
  await parentGone()
  process.exit(3)
}, 5)
`,
  )
  await once(busy, 'message')
  busy.disconnect()
  expect((await once(busy, 'exit'))[0]).toBe(3)
})
