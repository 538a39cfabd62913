import { describe, expect, it } from 'vitest'
import { routes } from '../../src/api/contract/routes.ts'
import { createServer } from '../../src/api/server.ts'
import { fakePorts } from './fake-ports.ts'

const description = async () => (await createServer(fakePorts()).inject('/openapi.json')).json()

describe('/openapi.json', () => {
  it('describes every route of the table, and nothing else', async () => {
    const { openapi, info, paths } = await description()
    expect(openapi).toBe('3.1.0')
    expect(info.version).toBe('1.2.3')
    const described = Object.entries<object>(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map(method => `${method.toUpperCase()} ${path}`),
    )
    expect(described.sort()).toEqual(
      Object.values(routes)
        .map(route => `${route.method} ${route.path}`)
        .sort(),
    )
  })

  it('resolves every reference it makes, and gives every parameter of a path', async () => {
    const document = await description()
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]*)"/g)].map(match => match[1] ?? '')
    expect(references.length).toBeGreaterThan(20)
    for (const reference of references) {
      expect(reference).toMatch(/^#\/components\/(schemas|headers)\/[\w-]+$/)
      const [kind, name] = reference.split('/').slice(-2)
      expect(Object.keys(document.components[kind!])).toContain(name)
    }
    for (const [path, methods] of Object.entries<Record<string, { parameters: { name: string; in: string }[] }>>(
      document.paths,
    ))
      for (const operation of Object.values(methods)) {
        const names = operation.parameters.filter(one => one.in === 'path').map(one => `{${one.name}}`)
        expect(names).toEqual(path.match(/\{\w+\}/g) ?? [])
      }
  })

  it('gives the headers of answers, and 304 for what has an ETag', async () => {
    const { paths } = await description()
    const headers = (answer: { headers: object }) => Object.keys(answer.headers)
    const list = paths['/api/knowledge-bases'].get
    expect(list.parameters.map(({ name }: { name: string }) => name)).toContain('If-None-Match')
    expect([headers(list.responses[200]), headers(list.responses[304])]).toEqual([
      ['X-Request-ID', 'ETag'],
      ['X-Request-ID', 'ETag'],
    ])
    expect(headers(list.responses[429])).toEqual(['X-Request-ID', 'Retry-After'])
    expect(headers(paths['/ingest'].post.responses[202])).toEqual(['X-Request-ID', 'Location'])
    const events = paths['/api/ingestion/jobs/{job_id}/events'].get
    expect([headers(events.responses[200]), events.responses[304]]).toEqual([['X-Request-ID'], undefined])
    expect(paths['/api/knowledge-bases/{kb_id}/uploads/{path}'].put.responses[409].description).toContain('kb_taken')
  })

  it('gives requests as callers write them, strict and with defaults', async () => {
    const { schemas } = (await description()).components
    expect(schemas.IngestRequest.required).toEqual(['kb_id', 'sources'])
    expect(schemas.IngestRequest.additionalProperties).toBe(false)
    expect(schemas.IngestRequest.properties.chunking.properties.chunk_size).toMatchObject({
      type: 'integer',
      default: 512,
    })
    expect(schemas.Error.properties.error.required).toEqual(['code', 'message', 'details', 'request_id'])
  })

  it('tells events from JSON, and bodies that may be left out from those that must be there', async () => {
    const { paths } = await description()
    const events = paths['/api/ingestion/jobs/{job_id}/events'].get.responses
    expect(Object.keys(events[200].content)).toEqual(['text/event-stream'])
    expect(Object.keys(events[404].content)).toEqual(['application/json'])
    const required = (verb: string) => paths[`/api/ingestion/kb/{kb_id}/${verb}`].post.requestBody.required
    expect(['start', 'pause', 'resume', 'cancel', 'retry'].map(required)).toEqual([true, false, false, false, false])
  })
})
