import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FolderInUse, lockFolder } from '../../src/supervisor/folder-lock.ts'
import { temporaryFolder } from '../kit/temporary-folder.ts'

let temporary: ReturnType<typeof temporaryFolder>
let folder: string
beforeEach(() => {
  temporary = temporaryFolder('lock')
  folder = join(temporary.folder, 'data')
})
afterEach(() => temporary.remove())

const refusal = (take: () => unknown): FolderInUse => {
  try {
    take()
  } catch (error) {
    if (error instanceof FolderInUse) return error
    throw error
  }
  throw new Error('It was not refused.')
}

/** Another process that holds the folder and says so; it keeps nothing of the lock, and collects its garbage. */
const otherHolder = async () => {
  const script = `
    import { lockFolder } from ${JSON.stringify(join(import.meta.dirname, '../../src/supervisor/folder-lock.ts'))}
    lockFolder(${JSON.stringify(folder)}).announce('http://127.0.0.1:7400')
    setInterval(() => undefined, 1000)
    setImmediate(() => {
      gc()
      console.log('held')
    })`
  const child = spawn(process.execPath, ['--expose-gc', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  return child
}

test('a second process is refused with the address of the first, which stays up', async () => {
  const holder = await otherHolder()
  try {
    const error = refusal(() => lockFolder(folder))
    expect(error.code).toBe('folder_in_use')
    expect(error.url).toBe('http://127.0.0.1:7400')
    expect(error.message).toContain(`process ${holder.pid}`)
    expect(error.message).toContain('http://127.0.0.1:7400')
    expect(refusal(() => lockFolder(folder)).url).toBe('http://127.0.0.1:7400')
  } finally {
    holder.kill('SIGKILL')
  }
})

test('the folder of a process that was killed is free', async () => {
  const holder = await otherHolder()
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  const lock = lockFolder(folder)
  // The one that is refused now must not be sent to the one that is gone.
  expect(refusal(() => lockFolder(folder)).url).toBeNull()
  lock.release()
})

test('one that is still starting has no address yet, and says so', () => {
  const lock = lockFolder(folder)
  expect(refusal(() => lockFolder(folder)).message).toContain('still starting')
  lock.release()
})

test('a folder that was released can be taken, and releasing twice takes nothing from the next', () => {
  const first = lockFolder(folder)
  first.release()
  const second = lockFolder(folder)
  first.release()
  second.announce('http://127.0.0.1:7401')
  expect(refusal(() => lockFolder(folder)).url).toBe('http://127.0.0.1:7401')
  second.release()
})
