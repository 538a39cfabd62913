import { ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { expect, test } from 'vitest'
import { failed, tracer, within } from '../../src/telemetry/spans.ts'
import { until } from '../kit/until.ts'
import { useCollected } from './collected.ts'

const collected = useCollected()
const gotSpan = (name: string) => until(name, () => collected.spans.find(span => span.name === name))

test('a span of an error tells it without the secrets of its settings, its addresses and its headers', async () => {
  const error = new Error('no answer of https://me:canary-0shaped-0@here/?token=canary-0query-0 with canary-0known-0')
  await within(tracer.startSpan('fails'), ROOT_CONTEXT, () => Promise.reject(error)).catch(() => undefined)
  const sent = JSON.stringify(await gotSpan('fails'))
  expect(sent).toContain('no answer of https://me:[hidden]@here/?token=[hidden] with [hidden]')
  expect(sent).not.toContain('canary')
})

test('the uri of a document is told without the secrets in its query', async () => {
  tracer
    .startSpan('goes well', { attributes: { 'penstock.uri': 'https://here/a.md?key=canary-0query-0&page=2' } })
    .end()
  const span = await gotSpan('goes well')
  expect(JSON.stringify(span)).toContain('https://here/a.md?key=[hidden]&page=2')
})

test('what else a span has is told as it is', async () => {
  const span = tracer.startSpan('is odd', { attributes: { 'penstock.texts': 3 } })
  failed(span, Object.assign(new Error('odd'), { code: 'odd_one' }))
  span.end()
  expect(await gotSpan('is odd')).toMatchObject({
    traceId: span.spanContext().traceId,
    attributes: { 'penstock.texts': 3, 'error.type': 'odd_one' },
    ...{ failed: true, message: 'odd', events: ['exception'], told: [{ 'exception.message': 'odd' }] },
  })
  expect(trace.getActiveSpan()).toBeUndefined()
})
