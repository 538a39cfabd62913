import { afterEach, expect, test } from 'vitest'
import type { Child, Running } from '../../src/supervisor/running.ts'
import { Supervisor } from '../../src/supervisor/supervisor.ts'
import { until } from '../kit/until.ts'

const said: string[] = []
const log = {
  info: (_: object, message: string) => void said.push(message),
  warn: (_: object, message: string) => void said.push(message),
  error: (_: object, message: string) => void said.push(message),
}
afterEach(() => said.splice(0))

/** A child that ends when told to. */
const fake = (name: string, events: string[] = [], refuse: () => boolean = () => false) => {
  const ends: ((error: Error | null) => void)[] = []
  const child: Child = {
    name,
    start: async () => {
      events.push(`start ${name}`)
      if (refuse()) throw new Error(`${name} does not come up`)
      const { promise, resolve } = Promise.withResolvers<Error | null>()
      ends.push(resolve)
      const running: Running = {
        ended: promise,
        stop: async () => {
          events.push(`stop ${name}`)
          resolve(null)
        },
      }
      return running
    },
  }
  return { child, ends, die: () => ends.at(-1)!(new Error(`${name} died`)) }
}
const quick = { log, firstPauseMs: 1, longestPauseMs: 4 }

test('children are ended in the reverse order of their start, once', async () => {
  const events: string[] = []
  const supervisor = new Supervisor(quick)
  for (const name of ['a', 'b', 'c']) await supervisor.start(fake(name, events).child)
  await Promise.all([supervisor.stop(), supervisor.stop()])
  expect(events).toEqual(['start a', 'start b', 'start c', 'stop c', 'stop b', 'stop a'])
})

test('a child that ends unasked is started again, and that is said', async () => {
  const events: string[] = []
  const { child, ends, die } = fake('Kafka', events)
  const supervisor = new Supervisor(quick)
  await supervisor.start(child)
  die()
  await until('it is up again', () => ends.length === 2 && said.length === 2)
  expect(said).toEqual(['Kafka ended unasked; it is started again in 1 ms.', 'Kafka is up again.'])
  await supervisor.stop()
  expect(events).toEqual(['start Kafka', 'start Kafka', 'stop Kafka'])
})

test('pauses between restarts double up to the longest; a child that does not stay up is given up', async () => {
  let refuse = false
  const { child, die } = fake('Kafka', [], () => refuse)
  const supervisor = new Supervisor({ ...quick, restarts: 4 })
  await supervisor.start(child)
  refuse = true
  die()
  expect((await supervisor.failed).message).toBe('Kafka does not come up')
  expect(said.map(line => /in (\d+) ms/.exec(line)?.[1])).toEqual(['1', '2', '4', '4', undefined])
  expect(said.at(-1)).toBe('Kafka does not stay up and is given up.')
  await supervisor.stop()
})

test('a child that stayed up for long begins anew with its restarts', async () => {
  const { child, ends, die } = fake('Kafka')
  const supervisor = new Supervisor({ ...quick, restarts: 2, steadyMs: 0 })
  await supervisor.start(child)
  for (let starts = 2; starts <= 6; starts++) {
    die()
    await until('it is up again', () => ends.length === starts)
  }
  expect(said.filter(line => line.includes('given up'))).toEqual([])
  await supervisor.stop()
})

test('a first start that fails is thrown and not tried again', async () => {
  const events: string[] = []
  const supervisor = new Supervisor(quick)
  await expect(supervisor.start(fake('Kafka', events, () => true).child)).rejects.toThrow('does not come up')
  await supervisor.stop()
  expect(events).toEqual(['start Kafka'])
})

test('stopping gives up a start that is under way', async () => {
  const supervisor = new Supervisor(quick)
  const starting = supervisor.start({
    name: 'Kafka',
    start: signal => new Promise<Running>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  })
  const failure = expect(starting).rejects.toThrow('stopping')
  await supervisor.stop()
  await failure
  await expect(supervisor.start(fake('late').child)).rejects.toThrow('stopping')
})

test('stopping in the pause before a restart starts nothing more', async () => {
  const events: string[] = []
  const { child, die } = fake('Kafka', events)
  const supervisor = new Supervisor({ log, firstPauseMs: 60_000, longestPauseMs: 60_000 })
  await supervisor.start(child)
  die()
  await until('it pauses', () => said.length === 1)
  await supervisor.stop()
  expect(events.filter(event => event.startsWith('start'))).toEqual(['start Kafka'])
})
