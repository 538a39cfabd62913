import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { checkout } from './compose.ts'

const run = promisify(execFile)

/** An instruction of a Dockerfile: its name and the rest, on one line. */
export interface Instruction {
  readonly name: string
  readonly rest: string
}

/** The stages of the Dockerfile, the last one is the image. Only what ours uses is understood. */
export const stages = (): readonly (readonly Instruction[])[] => {
  const lines = readFileSync(join(checkout, 'Dockerfile'), 'utf8')
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter(Boolean)
  const all: Instruction[][] = []
  for (const line of lines) {
    const [, name, rest] = /^([A-Z]+)\s+(.*)$/.exec(line)!
    if (name === 'FROM') all.push([])
    all.at(-1)?.push({ name: name!, rest: rest! })
  }
  return all
}

/** What .dockerignore lets into the context of the build. */
export const inContext = (path: string): boolean =>
  readFileSync(join(checkout, '.dockerignore'), 'utf8')
    .split('\n')
    .includes(`!${path.split('/')[0]}`)

/**
 * Does in `folder` what a build of the image does: the copies from the context and the commands of the first stage, then
 * the copies of the second. Commands run as plain processes on this machine's Node. Returns the folder of the program.
 */
export const buildImage = async (folder: string, path: string): Promise<string> => {
  const [build, image] = stages() as [readonly Instruction[], readonly Instruction[]]
  const built = join(folder, 'build')
  mkdirSync(built)
  for (const { name, rest } of build) {
    if (name === 'RUN') await run('/bin/sh', ['-ec', rest], { cwd: built, env: { ...process.env, PATH: path } })
    if (name !== 'COPY') continue
    const files = rest.split(' ')
    const to = files.pop()!
    for (const file of files) {
      if (!inContext(file)) throw new Error(`COPY ${file}: .dockerignore keeps it out of the context.`)
      cpSync(join(checkout, file), join(built, to === './' ? file : to), { recursive: true })
    }
  }
  const root = join(folder, 'root')
  for (const { name, rest } of image) {
    if (name !== 'COPY') continue
    const [from, source, to] = rest.split(' ') as [string, string, string]
    if (from !== '--from=build') throw new Error(`COPY ${rest}: only copies from the build are known.`)
    const copied = source.replace(/^\/app/, built)
    const target = join(root, to === './' ? source.replace(/^\/app\//, '') : to)
    mkdirSync(dirname(target), { recursive: true })
    cpSync(copied, target, { recursive: true, verbatimSymlinks: true })
  }
  if (!existsSync(root)) throw new Error('The image copies nothing from its build.')
  return root
}
