import { describe, expect, test } from 'vitest'
import { apiKeys, requests } from '../../../src/kafka/kafkajs/internals.ts'
import { checkVersions } from '../../../src/kafka/kafkajs/versions.ts'

/** A broker that speaks just what the client knows best, but for one API. */
const brokerWith = (api: string, speaks: { minVersion: number; maxVersion: number } | null) => {
  const versions = Object.fromEntries(
    Object.entries(requests).map(([name, { versions: known }]) => {
      const highest = Math.max(0, ...known.map(Number))
      return [apiKeys[name]!, { minVersion: 0, maxVersion: highest }]
    }),
  )
  if (speaks) versions[apiKeys[api]!] = speaks
  else delete versions[apiKeys[api]!]
  return { brokerAddress: 'broker:9092', versions }
}

describe('checkVersions', () => {
  test('accepts a broker that knows what the client speaks', () => {
    expect(checkVersions(brokerWith('Fetch', { minVersion: 4, maxVersion: 18 }))).toBeUndefined()
  })

  test('names the API that a broker has dropped', () => {
    expect(() => checkVersions(brokerWith('ListOffsets', { minVersion: 4, maxVersion: 11 }))).toThrow(
      /broker:9092 speaks versions 4 to 11 of ListOffsets, and Penstock needs version 3/,
    )
  })

  test('names the API that a broker does not have, or has in too old a version', () => {
    expect(() => checkVersions(brokerWith('InitProducerId', null))).toThrow(/no version of InitProducerId/)
    expect(() => checkVersions(brokerWith('DescribeGroups', null))).toThrow(/no version of DescribeGroups/)
    expect(() => checkVersions(brokerWith('Fetch', { minVersion: 0, maxVersion: 10 }))).toThrow(/Fetch.*version 11/)
  })
})
