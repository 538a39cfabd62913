import { join } from 'node:path'
import { expect, test } from 'vitest'
import { kafkaChild } from '../../src/kafka/embedded.ts'
import { openKafka } from '../../src/kafka/kafkajs.ts'
import { Supervisor } from '../../src/supervisor/supervisor.ts'
import { cacheDir } from '../kit/kafka.ts'
import { skipSaying } from '../kit/skip-saying.ts'
import { openSmallDisk } from '../kit/small-disk.ts'
import { until } from '../kit/until.ts'
import { keys, readAll, records, topicOf, write } from './kit.ts'

test('Kafka that halts on a full disk is started again until there is space, and has all that was committed', {
  timeout: 240_000,
}, async context => {
  const opened = await openSmallDisk(512).catch((error: Error) => error)
  if (opened instanceof Error) return skipSaying(context, true, `no small disk could be mounted (${opened.message})`)
  await using stack = new AsyncDisposableStack()
  const disk = stack.adopt(opened, one => one.close())
  const said: string[] = []
  const say = (_: object, line: string) => void said.push(line)
  const supervisor = new Supervisor({ log: { info: say, warn: say, error: say }, longestPauseMs: 1_000, restarts: 60 })
  stack.defer(() => supervisor.stop())
  const kafka = await supervisor.start(kafkaChild({ dataDir: join(disk.folder, 'kafka'), cacheDir }))
  const broker = stack.adopt(await openKafka({ brokers: kafka.brokers }), one => one.close())
  const topic = await topicOf(broker)
  await write(broker, topic, 0, records(0, 100))

  disk.fill()
  const ended = () => said.some(line => line.startsWith('Kafka ended unasked'))
  await until(
    'Kafka halts',
    async () => ended() || (await write(broker, topic, 0, records(100, 1)).then(ended, ended)),
    90_000,
  )
  const before = said.length
  await until('a start that fails', () => said.length > before, 60_000)
  disk.free()
  await until('Kafka is up again', () => said.includes('Kafka is up again.'), 120_000)

  await until(
    'a write',
    () =>
      write(broker, topic, 0, records(500, 1)).then(
        () => true,
        () => false,
      ),
    60_000,
  )
  const read = keys(await readAll(broker, topic))
  expect(read.slice(0, 100)).toEqual(records(0, 100).map(({ key }) => key))
  expect(read.at(-1)).toBe('500')
})
