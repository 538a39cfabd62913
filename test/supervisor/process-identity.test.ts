import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { identityFromPs, identityOf } from '../../src/supervisor/process-identity.ts'

for (const [where, identify] of Object.entries({
  'this system': identityOf,
  'a system without /proc': identityFromPs,
})) {
  test(`on ${where} a process keeps its identity, no other has it, and it is gone with the process`, async () => {
    const child = spawn('sleep', ['60'])
    await once(child, 'spawn')
    const identity = identify(child.pid!)
    expect(identity).toMatch(new RegExp(`^${child.pid} `))
    expect(identify(child.pid!)).toBe(identity)
    expect(identify(process.pid)).not.toBe(identity)
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(identify(child.pid!)).toBeNull()
  })
}
