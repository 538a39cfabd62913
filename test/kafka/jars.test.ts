import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { resolveJars } from '../../src/kafka/jars.ts'
import { temporaryFolder } from '../kit/temporary-folder.ts'

let temporary: ReturnType<typeof temporaryFolder>
let cacheDir: string
beforeEach(() => {
  temporary = temporaryFolder('jars')
  cacheDir = join(temporary.folder, 'cache')
})
afterEach(() => temporary.remove())

/** A stand-in for Maven: a shell script that is told the folder to fill as $into. */
const maven = (script: string) => {
  const file = join(temporary.folder, 'mvn')
  writeFileSync(file, `#!/bin/sh\nfor option; do into="\${option#-DoutputDirectory=}"; done\n${script}\n`)
  chmodSync(file, 0o755)
  return file
}

test('what was downloaded is whole, said as it happens, and not downloaded again', async () => {
  const said: string[] = []
  const progress = (line: string) => void said.push(line)
  const folder = await resolveJars('kafka', { cacheDir, progress, maven: maven('touch "$into/a.jar" "$into/b.jar"') })
  expect(readdirSync(folder)).toEqual(['a.jar', 'b.jar'])
  expect(said).toEqual([
    `Downloading Apache Kafka 4.3.1 by Maven into ${cacheDir}; this happens once (about 45 MB).`,
    'Downloaded Apache Kafka 4.3.1 in 0 s.',
  ])
  expect(await resolveJars('kafka', { cacheDir, maven: '/nowhere/mvn' })).toBe(folder)
})

test('two processes at once both get the whole, and nothing is left behind', async () => {
  const both = maven(`touch "$into/a.jar"
mkdir "${temporary.folder}/first" 2>/dev/null && touch "${temporary.folder}/one" || touch "${temporary.folder}/two"
until [ -e "${temporary.folder}/one" ] && [ -e "${temporary.folder}/two" ]; do sleep 0.01; done
touch "$into/b.jar"`)
  const folders = await Promise.all([
    resolveJars('kafka', { cacheDir, maven: both }),
    resolveJars('kafka', { cacheDir, maven: both }),
  ])
  expect(folders[0]).toBe(folders[1])
  expect(readdirSync(folders[0])).toEqual(['a.jar', 'b.jar'])
  expect(readdirSync(cacheDir)).toEqual(['kafka-4.3.1'])
})

test('without Maven the error says what to install or to set', async () => {
  const resolving = resolveJars('kafka', { cacheDir, maven: '/nowhere/mvn' })
  await expect(resolving).rejects.toMatchObject({
    code: 'maven_missing',
    message: expect.stringMatching(/apt install maven.*or set KAFKA_BROKERS/),
  })
  const registry = resolveJars('registry', { cacheDir, maven: '/nowhere/mvn' })
  await expect(registry).rejects.toThrow(/or set SCHEMA_REGISTRY_URL/)
})

test('a download that fails says what Maven said and leaves nothing that looks like a download', async () => {
  const broken = maven(`touch "$into/a.jar"; echo "[ERROR] Unknown host repo.maven.apache.org"; exit 1`)
  const resolving = resolveJars('kafka', { cacheDir, maven: broken })
  await expect(resolving).rejects.toMatchObject({
    code: 'download_failed',
    message: expect.stringMatching(/or set KAFKA_BROKERS[\s\S]*Unknown host/),
  })
  expect(readdirSync(cacheDir)).toEqual([])
})

test('a download that is given up ends Maven and leaves nothing', async () => {
  const given = new AbortController()
  mkdirSync(cacheDir)
  const resolving = resolveJars('kafka', {
    cacheDir,
    maven: maven('touch "$into/a.jar"; exec sleep 60'),
    signal: given.signal,
    progress: () => given.abort(new Error('Ctrl-C')),
  })
  await expect(resolving).rejects.toThrow('Ctrl-C')
  expect(readdirSync(cacheDir)).toEqual([])
})
