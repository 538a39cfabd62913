/** The client's verbs alone, for tests to start as a process: PENSTOCK_URL says where the server is. */
import { processContext } from '../../src/cli/process-context.ts'
import { buildProgram, runProgram } from '../../src/cli/program.ts'
import { findServer } from '../../src/cli/server-url.ts'

const url = process.env.PENSTOCK_URL ?? 'http://127.0.0.1:0'
const context = processContext({
  version: '1.2.3',
  serverUrl: () => findServer({ url, chosen: true, running: async () => null }),
  apiKey: () => process.env.PENSTOCK_API_KEY ?? null,
  createKey: () => Promise.reject(new Error('There is no database here.')),
  settings: () => [
    { key: 'api.port', env: 'PENSTOCK_PORT', value: '7400', from: 'default', doc: 'The port.' },
    { key: 'openai.api_key', env: 'OPENAI_API_KEY', value: null, from: 'default', doc: 'The key.' },
  ],
})
process.exitCode = await runProgram(buildProgram(context), process.argv.slice(2), context)
