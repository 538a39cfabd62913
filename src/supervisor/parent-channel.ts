/** What a child started with `ipc` and its parent say to one another. */
import type { ChildProcess } from 'node:child_process'

const ready = 'ready'
/** Noted at the start of this process: a parent may be gone before anything asks for it. */
const hadParent = process.connected === true

/** For the parent, as `ready` of a ChildProcessSpec: resolves when the child has called `tellParentReady`. */
export const readyMessage = (child: ChildProcess, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const heard = (message: unknown) => {
      if (message === ready) settle(resolve)
    }
    const aborted = () => settle(() => reject(signal.reason))
    const settle = (how: () => void) => {
      child.off('message', heard)
      signal.removeEventListener('abort', aborted)
      how()
    }
    child.on('message', heard)
    signal.addEventListener('abort', aborted)
  })

/** For the child; without a parent that listens it does nothing. */
export const tellParentReady = (): void => {
  if (process.connected) process.send?.(ready)
}

/** For the child: resolves when its parent is gone, however that ended; never where there is no channel to one. */
export const parentGone = (): Promise<void> =>
  new Promise(resolve => {
    if (!hadParent) return
    if (process.connected) process.once('disconnect', () => resolve())
    else resolve()
  })
