import { expect, test } from 'vitest'
import { onSamePort } from '../../src/supervisor/same-port.ts'

test('the first start is on the port that was given, or any; further ones are on the port of the first', async () => {
  for (const given of [undefined, 0, 25_000]) {
    const asked: (number | undefined)[] = []
    const child = onSamePort('thing', given, async port => {
      asked.push(port)
      return { port: port || 20_000 + asked.length, ended: Promise.resolve(null), stop: async () => undefined }
    })
    const { signal } = new AbortController()
    const ports = [await child.start(signal), await child.start(signal), await child.start(signal)].map(one => one.port)
    expect(asked).toEqual([given, ports[0], ports[0]])
    expect(new Set(ports).size).toBe(1)
  }
})
