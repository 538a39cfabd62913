import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { expect, test } from 'vitest'
import { openInstallation } from './installation.ts'
import { startTestKafka } from './kafka.ts'
import { testDatabase } from './postgres.ts'

test('an installation that does not open leaves nothing behind', { timeout: 120_000 }, async () => {
  const ended: string[] = []
  const database = async () => {
    const made = await testDatabase()
    const drop = async () => {
      await made.drop()
      ended.push('database')
    }
    return { ...made, drop }
  }
  const kafka = async () => {
    const made = await startTestKafka()
    const stop = made.stop
    made.stop = async () => {
      await stop()
      ended.push('Kafka')
    }
    return made
  }
  const opened = openInstallation(['chunking', 'loading'], { PENSTOCK_LANES: 'none' }, database, kafka)
  const error = await opened.then(
    () => new Error('It opened.'),
    (thrown: Error) => thrown,
  )
  expect(error.message).toContain('PENSTOCK_LANES in the environment is "none"')
  const log = /the end of (\S+\.log):/.exec(error.message)![1]!
  expect(existsSync(dirname(log))).toBe(false)
  expect(ended.toSorted()).toEqual(['Kafka', 'database'])
})
