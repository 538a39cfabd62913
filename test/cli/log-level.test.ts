import { afterEach, describe, it } from 'vitest'
import { freePort } from '../../src/supervisor/ports.ts'
import { type OperatorServer, startOperatorServer } from '../../src/telemetry/operator-server.ts'
import { fakePorts } from '../api/fake-ports.ts'
import { penstock } from './run.ts'

const servers: OperatorServer[] = []
afterEach(() => Promise.all(servers.splice(0).map(server => server.close())))

/** A process that can be asked, and its level. */
const open = async () => {
  const state = { level: 'info', address: '' }
  const server = await startOperatorServer({
    host: '127.0.0.1',
    port: 0,
    metrics: { contentType: 'text/plain', text: async () => '' },
    ready: async () => ({ ready: true, dependencies: [] }),
    logLevel: {
      get: () => state.level,
      set(level) {
        state.level = level
      },
    },
    failed: error => {
      throw error
    },
  })
  servers.push(server)
  state.address = server.address
  return state
}

describe('penstock log-level', () => {
  it('changes the level of every process that the API lists', async ({ expect }) => {
    const [one, other] = [await open(), await open()]
    const ports = fakePorts({ metricsTargets: [one.address, other.address] })
    const { code, stdout } = await penstock(ports, 'log-level', 'debug')
    expect({ code, levels: [one.level, other.level] }).toEqual({ code: 0, levels: ['debug', 'debug'] })
    expect(stdout).toMatch(new RegExp(`^${one.address} +debug$`, 'm'))
  })

  it('shows it without an argument, and fails where a process does not answer', async ({ expect }) => {
    const one = await open()
    const gone = `127.0.0.1:${await freePort()}`
    const { code, stdout } = await penstock(fakePorts(), 'log-level', '--json', '--target', one.address, gone)
    expect(code).toBe(1)
    expect(JSON.parse(stdout).processes).toEqual([
      { target: one.address, level: 'info', message: null },
      { target: gone, level: null, message: expect.stringMatching(/^It does not answer: .*ECONNREFUSED/) },
    ])
  })

  it('refuses a level that there is not', async ({ expect }) => {
    const { code, stderr } = await penstock(fakePorts(), 'log-level', 'loud')
    expect(code).toBe(2)
    expect(stderr).toContain('There is no level loud. The levels are trace, debug')
  })
})
