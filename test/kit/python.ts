import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Root's home is closed to others; what is installed has to be readable for the user that runs it. */
const cacheFolder =
  process.getuid?.() === 0
    ? '/var/cache/penstock-test'
    : join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'penstock-test')

/**
 * A Python environment with these packages (`name==version`), made once in a cache folder of the user; two at once do no
 * harm, the later finds the folder taken. `why` begins the error where there is no Python.
 */
export const pythonWith = async (packages: readonly string[], why: string): Promise<string> => {
  const venv = join(cacheFolder, packages.map(one => one.replace('==', '-')).join('+'))
  if (existsSync(venv)) return venv
  await mkdir(cacheFolder, { recursive: true })
  const building = await mkdtemp(join(cacheFolder, 'building-'))
  try {
    await run('python3', ['-m', 'venv', building])
    await run(join(building, 'bin', 'pip'), ['install', '--quiet', '--disable-pip-version-check', ...packages])
    await run('chmod', ['-R', 'a+rX', building])
    await rename(building, venv)
  } catch (error) {
    await rm(building, { recursive: true, force: true })
    if (!existsSync(venv)) throw new Error(`${why} needs python3 with venv and pip.`, { cause: error })
  }
  return venv
}
