import { describe, expect, it } from 'vitest'
import { createServer } from '../../src/api/server.ts'
import { fakePorts } from './fake-ports.ts'

describe('the reference page', () => {
  it('has every route, and loads nothing from another host', async () => {
    const app = createServer(fakePorts())
    const moved = await app.inject('/reference')
    const page = moved.headers.location === undefined ? moved : await app.inject(String(moved.headers.location))
    expect(page.statusCode).toBe(200)
    expect(page.headers['content-type']).toMatch('text/html')
    expect(page.headers['content-security-policy']).toMatch("default-src 'self'")
    expect(page.body).toContain('"./openapi.json"')
    expect((await app.inject('/reference/openapi.json')).json()).toEqual((await app.inject('/openapi.json')).json())
    const scripts = [...page.body.matchAll(/<script[^>]*src="([^"]+)"/g)].map(([, src]) => src!)
    expect(scripts.length).toBeGreaterThan(0)
    for (const src of scripts) {
      const script = await app.inject(new URL(src, 'http://127.0.0.1/reference/').pathname)
      expect([src, script.statusCode]).toEqual([src, 200])
      expect(script.headers['content-type']).toMatch('javascript')
    }
  })
})
