/**
 * Plays drawn histories of the pipeline in virtual time, and ends with 1 when one breaks the invariant.
 *
 *     npm run simulate -- [--seeds 10000] [--seed 1] [--path P]
 *
 * `--path` is printed with a failure and plays that history alone.
 */
import { parseArgs } from 'node:util'
import { simulate } from './simulate.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    path: { type: 'string' },
  },
})
const whole = (name: 'seeds' | 'seed'): number => {
  const value = Number(values[name])
  if (Number.isSafeInteger(value)) return value
  console.error(`--${name} takes a whole number, not ${values[name]}.`)
  process.exit(2)
}
const begun = performance.now()
const { path } = values
const { runs, events, virtualMs, failure } = await simulate({
  seeds: whole('seeds'),
  seed: whole('seed'),
  ...(path === undefined ? {} : { path }),
  progress: done => done % 1_000 === 0 && console.log(`${done} histories held`),
})
const seconds = (performance.now() - begun) / 1_000
if (failure !== null) console.error(failure)
console.log(
  `${runs} histories, ${events} events, ${(virtualMs / 3_600_000).toFixed(1)} virtual hours in ${seconds.toFixed(1)} s; seed ${values.seed}`,
)
process.exitCode = failure === null ? 0 : 1
