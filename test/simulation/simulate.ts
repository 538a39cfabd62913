import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { type History, histories } from './history.ts'
import { play } from './play.ts'

export interface SimulateOptions {
  /** How many histories. */
  readonly seeds: number
  /** The first of them; each has its own from there. */
  readonly seed: number
  /** Of a failure that is to be seen again, as it was printed. */
  readonly path?: string
  readonly progress?: (done: number) => void
}

export interface Simulated {
  readonly runs: number
  readonly events: number
  readonly virtualMs: number
  /** What the shortest history that fails is, and how to see it again; null where all held. */
  readonly failure: string | null
}

/** How often a failing history is made shorter, at most: each attempt is a run. */
const shrinks = 400

/** Plays histories until one breaks the invariant, and finds a short one that breaks it as well. */
export const simulate = async ({ seeds, seed, path, progress }: SimulateOptions): Promise<Simulated> => {
  const done = { runs: 0, events: 0, virtualMs: 0 }
  let failed = 0
  const property = fc.asyncProperty(histories, async history => {
    if (failed > shrinks) return
    try {
      const { events, virtualMs } = await play(history)
      done.runs++
      done.events += events
      done.virtualMs += virtualMs
    } catch (error) {
      failed++
      throw error
    } finally {
      if (failed > 0) failed++
    }
    if (done.runs % 50 === 0) {
      progress?.(done.runs)
      // Whoever waits for this process to answer has been kept waiting.
      await setImmediate()
    }
  })
  const details = await fc.check(property, { numRuns: seeds, seed, ...(path === undefined ? {} : { path }) })
  if (!details.failed) return { ...done, failure: null }
  return { ...done, failure: await told(details.counterexample![0], details) }
}

const told = async (
  history: History,
  { seed, counterexamplePath, errorInstance }: fc.RunDetails<[History]>,
): Promise<string> => {
  const story: string[] = []
  const again = await play(history, story).then(
    () => null,
    error => error,
  )
  return [
    `${errorInstance instanceof Error ? errorInstance.stack : errorInstance}`,
    '',
    'The shortest history found:',
    ...lines(history),
    '',
    `What happened${again === null ? ' (it did not fail again: the run is not deterministic)' : ''}:`,
    ...excerpt(story),
    '',
    `npm run simulate -- --seed ${seed} --path ${counterexamplePath}`,
  ].join('\n')
}

/** What is printed of a failing run, of its beginning and of its end. */
const firstLines = 60
const lastLines = 120

/** Looks at the database that say nothing. */
const chatter = /: \S+ (begin|query|commit|owners \S+)$/

const excerpt = (story: readonly string[]): readonly string[] => {
  const told = story.filter(line => !chatter.test(line))
  const left = told.length - firstLines - lastLines
  if (left <= 0) return told
  return [...told.slice(0, firstLines), `          (${left} lines left out)`, ...told.slice(-lastLines)]
}

const lines = ({ seed, jobs, steps }: History): readonly string[] => [
  `  world seed ${seed}`,
  ...jobs.map(job => `  job ${JSON.stringify(job)}`),
  ...[...steps].sort((a, b) => a.at - b.at).map(step => `  ${JSON.stringify(step)}`),
]
