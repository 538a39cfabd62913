import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { type Client, createClient } from '../../src/api/client.ts'
import { contentsOf } from './contents.ts'
import { type Run, runPenstock } from './penstock.ts'
import { until } from './until.ts'

const ready = /^Penstock is ready at (\S+)$|^\{"url":"(\S+)"\}$/m

/** A `penstock up` that answers. */
export interface Up extends Run {
  readonly url: string
  readonly client: Client
}

/** Waits until a `penstock up` that was started is ready; throws with what it said when it ended before. */
export const readyUp = async (run: Run): Promise<Up> => {
  await until(
    'up is ready',
    () => {
      if (run.child.exitCode !== null || run.child.signalCode) throw new Error(`up ended:\n${run.output()}`)
      return ready.test(run.output())
    },
    120_000,
  )
  const [, inText, inJson] = ready.exec(run.output())!
  const url = inText ?? inJson!
  return { ...run, url, client: createClient(url) }
}

export const startUp = (cwd: string, env: NodeJS.ProcessEnv, ...flags: readonly string[]): Promise<Up> =>
  readyUp(runPenstock(['up', ...flags], cwd, env))

/** What the embedded database in a data folder holds of a knowledge base: every chunk with its text and its vector. */
export const embeddedContents = async (dataDir: string, kb: string): Promise<string[]> => {
  const port = readFileSync(join(dataDir, 'database', 'port'), 'utf8').trim()
  const database = new pg.Client({ connectionString: `postgresql://postgres@127.0.0.1:${port}/postgres` })
  await database.connect()
  return contentsOf(database, kb).finally(() => database.end())
}
