import { expect, test } from 'vitest'
import { CommandRow, JobRow } from '../../src/coordinator/entities.ts'
import { useBench } from './bench.ts'
import { command, upstreamOf } from './commands-by-kafka.ts'

const bench = useBench()

const { publish, events, outcome } = upstreamOf(bench)

test('commands go the way of what the API accepts, and their outcomes are told', async () => {
  await bench.coordinator()
  await publish(command('c1', 'start'))
  const { job_id, ...started } = await outcome('c1')
  expect(started).toMatchObject({ outcome: 'accepted', kb_id: 'manual', code: null })
  await bench.line.started(job_id!)
  await publish(command('c2', 'pause', { phase: 'EMBEDDING' }), command('c3', 'cancel'))
  expect(await outcome('c3')).toMatchObject({ outcome: 'accepted', job_id })
  await bench.ended(job_id!, 'cancelled')
  const applied = await bench.em.fork().find(CommandRow, {}, { orderBy: { id: 'asc' } })
  expect(applied.map(({ commandId, verb, phase }) => [commandId, verb, phase])).toEqual([
    ['c1', 'start', null],
    ['c2', 'pause', 'EMBEDDING'],
    ['c3', 'cancel', null],
  ])
})

test('a command that was accepted is carried out once, however often it is sent or read', async () => {
  const one = await bench.coordinator()
  await publish(command('c1', 'start'), command('c1', 'start'))
  await outcome('c1')
  await publish(command('c1', 'start'), command('c2', 'pause'))
  await outcome('c2')
  await one.stop()
  await bench.em.fork().execute(`update followed set next = 0 where topic = 'job.commands'`)
  await bench.coordinator()
  await publish(command('c3', 'resume'))
  await outcome('c3')
  expect(await bench.em.fork().count(JobRow)).toBe(1)
  expect((await events()).filter(({ command_id }) => command_id === 'c1')).toHaveLength(1)
})

test('what is refused says why, with the code that the API has for it', async () => {
  await bench.coordinator({
    readRequest: async () => ({ refused: { code: 'invalid_request', message: 'sources: is required' } }),
  })
  await publish(
    command('c1', 'start'),
    command('c2', 'pause'),
    command('c3', 'pause', { phase: 'PACKING' }),
    command('c4', 'cancel', { phase: 'EMBEDDING' }),
  )
  await outcome('c4')
  expect((await events()).map(({ command_id, outcome: what, code }) => [command_id, what, code])).toEqual([
    ['c1', 'refused', 'invalid_request'],
    ['c2', 'refused', 'not_found'],
    ['c3', 'refused', 'invalid_request'],
    ['c4', 'refused', 'invalid_request'],
  ])
})

test('a second start of a knowledge base names the job in its way', async () => {
  await bench.coordinator()
  await publish(command('c1', 'start'), command('c2', 'start'))
  const { job_id } = await outcome('c1')
  expect(await outcome('c2')).toMatchObject({ outcome: 'refused', code: 'job_unfinished', job_id })
})
