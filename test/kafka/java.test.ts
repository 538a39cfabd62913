import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { parts } from '../../src/kafka/embedded-part.ts'
import { findJava } from '../../src/kafka/java.ts'
import { temporaryFolder } from '../kit/temporary-folder.ts'

let temporary: ReturnType<typeof temporaryFolder>
beforeEach(() => {
  temporary = temporaryFolder('java')
})
afterEach(() => temporary.remove())

const javaThatSays = (line: string) => {
  const file = join(temporary.folder, `java-${Math.random()}`)
  writeFileSync(file, `#!/bin/sh\necho '${line}' >&2\n`)
  chmodSync(file, 0o755)
  return file
}

test('without Java the error says what to install or to set', async () => {
  await expect(findJava(parts.kafka, '/nowhere/java')).rejects.toMatchObject({
    code: 'java_missing',
    message: expect.stringMatching(/needs Java 17 or later.*apt install.*or set KAFKA_BROKERS/),
  })
  await expect(findJava(parts.registry, '/nowhere/java')).rejects.toThrow(/or set SCHEMA_REGISTRY_URL/)
})

test('a Java that is too old is named', async () => {
  for (const [line, version] of [
    ['openjdk version "11.0.2" 2019-01-15', '11'],
    ['java version "1.8.0_292"', '8'],
  ])
    await expect(findJava(parts.kafka, javaThatSays(line!))).rejects.toMatchObject({
      code: 'java_too_old',
      message: expect.stringContaining(`the one on the path is ${version}.`),
    })
})

test('Java 17 and later will do, and each build is told from the others', async () => {
  const seventeen = await findJava(parts.kafka, javaThatSays('openjdk version "17.0.15" 2025-04-15'))
  const twentyFive = await findJava(parts.kafka, javaThatSays('openjdk version "25" 2025-09-16'))
  expect(seventeen.build).not.toBe(twentyFive.build)
})
