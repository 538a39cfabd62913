import { expect, test, vi } from 'vitest'
import { JobRow } from '../../src/coordinator/entities.ts'
import { createRequestChecks } from '../../src/coordinator/request-checks.ts'
import { createSchedules } from '../../src/coordinator/schedule-store.ts'
import { knowledgeBases } from '../../src/knowledge/catalogue.ts'
import { silent } from '../kit/log.ts'
import { until } from '../kit/until.ts'
import { useBench } from './bench.ts'
import { command, upstreamOf } from './commands-by-kafka.ts'
import { submission } from './submission.ts'

const bench = useBench()
const { publish, events, outcome } = upstreamOf(bench)

const never = () => new Promise<never>(() => undefined)
const start = (id: string, kb_id: string) => command(id, 'start', { kb_id })
/** A knowledge base whose one source is due, and has no unfinished run. */
const due = async (kb: string) => {
  const spec = { type: 'local_files', path: '/hung' }
  const refresh = { every_s: 3600, cron: null, timezone: null }
  const id = await bench.submit(kb, { schedule: [{ source: 'local_files:/hung', spec, refresh }] })
  const sql = (text: string) => bench.em.fork().execute(text, [id])
  await sql(`update job set status = 'completed', state = jsonb_set(state, '{status}', '"completed"') where id = ?`)
  await sql('update command set applied_at = now() where job_id = ?')
  await bench.em.fork().execute(`update schedule set next_at = now() - interval '1 second' where kb_id = ?`, [kb])
}
const scheduleOf = async (kb: string) => (await createSchedules({ em: bench.em, knowledgeBases }).list(kb))![0]!
/** A check that answers for all knowledge bases but `hung`, and tells when it was asked for that one. */
const hanging = (checkMs: number) => {
  const asked = Promise.withResolvers<void>()
  let times = 0
  const readRequest = (kb: string, json: string) => {
    if (kb !== 'hung') return Promise.resolve(submission(kb, JSON.parse(json)))
    times++
    asked.resolve()
    return never()
  }
  return { options: { readRequest, checkMs }, asked: asked.promise, times: () => times }
}

test('while the source of a schedule does not answer, other jobs are commanded and go on to their end', async () => {
  await due('hung')
  const { options, asked } = hanging(600_000)
  await bench.coordinator(options)
  await asked
  const id = await bench.submit('other')
  await bench.line.started(id)
  await publish(start('c1', 'third'))
  expect(await outcome('c1')).toMatchObject({ outcome: 'accepted' })
  await bench.line.complete(id)
  await bench.ended(id, 'completed')
  expect(await scheduleOf('hung')).toMatchObject({ last_at: null, note: null })
})

test('while the sources of a command by Kafka do not answer, other jobs are commanded and go on to their end', async () => {
  const { options, asked } = hanging(600_000)
  await bench.coordinator(options)
  await publish(start('c1', 'hung'))
  await asked
  const id = await bench.submit('other')
  await bench.line.started(id)
  await bench.line.complete(id)
  await bench.ended(id, 'completed')
})

test('a schedule whose source does not answer in time says so, and is due at its next time', async () => {
  await due('hung')
  await bench.coordinator(hanging(20).options)
  const schedule = await until('its note', async () => {
    const one = await scheduleOf('hung')
    return one.note === null ? null : one
  })
  expect(schedule.note).toContain('did not answer within 0.02 s')
  expect(schedule).toMatchObject({ last_job_id: null, last_at: expect.any(String) })
  expect(Date.parse(schedule.next_at)).toBeGreaterThan(Date.parse(schedule.last_at!))
})

test('a command whose sources do not answer in time is refused, and those after it are taken', async () => {
  const { options, times } = hanging(20)
  await bench.coordinator(options)
  await publish(start('c1', 'hung'))
  await publish(start('c2', 'other'))
  expect(await outcome('c2')).toMatchObject({ outcome: 'accepted' })
  expect(await outcome('c1')).toMatchObject({ outcome: 'refused', code: 'check_timeout', job_id: null })
  await publish(start('c3', 'hung'))
  expect(await outcome('c3')).toMatchObject({ outcome: 'refused', code: 'check_timeout' })
  // The first check still hangs: a second one would only hang beside it.
  expect(times()).toBe(1)
})

test('what a coordinator checked before it lost the lease is written by none', async () => {
  const answer = Promise.withResolvers<ReturnType<typeof submission>>()
  const asked = vi.fn()
  const slow = await bench.coordinator({
    holder: 'slow',
    // Longer than the test: it does not notice by itself that it is not the active one.
    leaseMs: 600_000,
    readRequest() {
      asked()
      return answer.promise
    },
  })
  await publish(start('c1', 'kb'))
  await until('it checks', () => asked.mock.calls.length > 0)
  await bench.expireLease()
  await bench.coordinator({
    readRequest: async () => ({ refused: { code: 'invalid_request', message: 'sources: is required' } }),
  })
  expect(await outcome('c1')).toMatchObject({ outcome: 'refused' })
  answer.resolve(submission('kb'))
  await until('it stands by', () => !slow.active)
  expect(await bench.em.fork().count(JobRow)).toBe(0)
  expect(await events()).toHaveLength(1)
})

test('a check that fails refuses the request, and one that finds the database gone does not', async () => {
  const checks = (error: Error) =>
    createRequestChecks({
      readRequest: () => Promise.reject(error),
      ...{ log: silent, checkMs: 600_000, signal: new AbortController().signal },
    })
  expect(await checks(new Error('EIO: i/o error'))('kb', '{}')).toEqual({
    refused: { code: 'check_failed', message: 'Its sources could not be checked: EIO: i/o error' },
  })
  const gone = new Error('Connection terminated unexpectedly')
  await expect(checks(gone)('kb', '{}')).rejects.toBe(gone)
})

test('a check that is waited for ends with the tenure', async () => {
  const over = new AbortController()
  const check = createRequestChecks({ readRequest: never, log: silent, checkMs: 600_000, signal: over.signal })
  const waiting = check('kb', '{}')
  over.abort(new Error('the tenure is over'))
  await expect(waiting).rejects.toThrow('the tenure is over')
  await expect(check('kb', '{}')).rejects.toThrow('the tenure is over')
})
