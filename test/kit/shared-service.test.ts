import { expect, test } from 'vitest'
import { serveServices, sharedService } from './shared-service.ts'

test('a service is started by the first that asks, once, and ended in the reverse order of the starts', async () => {
  const events: string[] = []
  const starter = (name: string) => async () => {
    events.push(`start ${name}`)
    return { address: name, stop: async () => void events.push(`stop ${name}`) }
  }
  const services = await serveServices({ a: starter('a'), b: starter('b'), unused: starter('unused') })
  const ask = async (name: string) => (await fetch(`${services.url}/${name}`)).json()
  expect(await Promise.all([ask('b'), ask('b')])).toEqual([{ address: 'b' }, { address: 'b' }])
  expect(await ask('a')).toEqual({ address: 'a' })
  await services.stop()
  expect(events).toEqual(['start b', 'start a', 'stop a', 'stop b'])
})

test('a test that asks for a service that cannot be had is told why', async () => {
  await expect(sharedService('moon')).rejects.toThrow(/moon did not start: .*No such service. There are kafka, /)
})
