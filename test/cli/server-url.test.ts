import { describe, expect, it } from 'vitest'
import { findServer } from '../../src/cli/server-url.ts'

const running = (url: string | null) => async () => url

describe('the address of the server', () => {
  it('is what somebody chose, whatever else is running', async () => {
    const places = { url: 'http://10.0.0.1:8000', chosen: true, running: running('http://127.0.0.1:5000') }
    expect(await findServer(places)).toBe('http://10.0.0.1:8000')
  })

  it('is that of a running `up` when nobody chose', async () => {
    const places = { url: 'http://127.0.0.1:7400', chosen: false, running: running('http://127.0.0.1:5000') }
    expect(await findServer(places)).toBe('http://127.0.0.1:5000')
  })

  it('is the default when nobody chose and nothing runs', async () => {
    const places = { url: 'http://127.0.0.1:7400', chosen: false, running: running(null) }
    expect(await findServer(places)).toBe('http://127.0.0.1:7400')
  })

  it('is that of a running `up` when the port was left to the system', async () => {
    const places = { url: 'http://127.0.0.1:0', chosen: true, running: running('http://127.0.0.1:5000') }
    expect(await findServer(places)).toBe('http://127.0.0.1:5000')
  })

  it('cannot be told when the port was left to the system and nothing runs', async () => {
    const places = { url: 'http://127.0.0.1:0', chosen: true, running: running(null) }
    await expect(findServer(places)).rejects.toThrow('no running `penstock up` was found in the data folder')
  })
})
