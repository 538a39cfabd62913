import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { endLeftover } from '../../src/supervisor/pid-file.ts'
import { identityOf } from '../../src/supervisor/process-identity.ts'

const prefix = 'penstock-test-'
const owner = 'owner'

/** An empty folder below the system's for such things, and its removal. */
export const temporaryFolder = (name: string) => {
  const folder = mkdtempSync(join(tmpdir(), `${prefix}${name}-`))
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

/** The folder of a service; should this process be killed, a later one finds both by it. */
export const serviceFolder = (name: string) => {
  const made = temporaryFolder(`service-${name}`)
  writeFileSync(join(made.folder, owner), identityOf(process.pid) ?? '')
  return made
}

/** Ends the services of test runs that were killed, and removes their folders. */
export const removeOrphans = async (
  name: string,
  before: (folder: string) => Promise<unknown> = async () => undefined,
): Promise<void> => {
  for (const entry of readdirSync(tmpdir()).filter(entry => entry.startsWith(`${prefix}service-${name}-`))) {
    const folder = join(tmpdir(), entry)
    const noted = readIfThere(join(folder, owner))
    // Another run may be about to note itself there.
    if (!noted || identityOf(Number(noted.split(' ')[0])) === noted) continue
    await endLeftover(join(folder, 'pid'), 10_000)
    await before(folder)
    rmSync(folder, { recursive: true, force: true })
  }
}

const readIfThere = (file: string): string | null => {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}
