/** Runs an embedded part on the machine's Java, with what makes it start quickly. */
import { execFile } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { endLeftover } from '../supervisor/pid-file.ts'
import { type RunningProcess, spawnChild } from '../supervisor/spawn-child.ts'
import { EmbeddedPartError, type Part } from './embedded-part.ts'

const leastVersion = 17
/** A start takes a few seconds; on a loaded machine, or one that recovers large logs, longer. */
const readyWithinMs = 120_000
/** The first stop also writes the class archive. */
const stopWithinMs = 30_000

export interface JavaSpec {
  readonly part: Part
  /** The part's own folder: its log, its pid file, its scratch files. */
  readonly dataDir: string
  /** The folder of its jars; the archive of their classes is kept beside it. */
  readonly jars: string
  readonly java: Java
  /** Of the Java heap, in MB. */
  readonly heap: { readonly first: number; readonly most: number }
  /** Options of Java, then the class or jar to run and its arguments. */
  readonly args: readonly string[]
  ready(signal: AbortSignal): Promise<void>
  readonly signal?: AbortSignal | undefined
}

export interface Java {
  readonly command: string
  /** Tells one Java from another. */
  readonly build: string
}

/** The archive of a part's classes; there is none before its first clean end. */
const archiveOf = (jars: string, java: Java) => `${jars}.${java.build}.jsa`

/** Options for a process that should be ready soon, on a machine it shares. */
export const quickly = (jars: string, java: Java): readonly string[] => {
  const archive = archiveOf(jars, java)
  const sharing = existsSync(archive) ? [`-XX:SharedArchiveFile=${archive}`] : []
  return ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-XX:-UsePerfData', '-Xshare:auto', ...sharing]
}

/** Finds a Java that can run the part. Throws EmbeddedPartError `java_missing` or `java_too_old`. */
export const findJava = async (part: Part, command = 'java'): Promise<Java> => {
  const install = `Install one (Debian, Ubuntu: apt install openjdk-${leastVersion}-jre-headless; macOS: brew install openjdk@${leastVersion}), or set ${part.instead}.`
  const need = `Embedded ${part.name} needs Java ${leastVersion} or later`
  const { stderr, stdout } = await promisify(execFile)(command, ['-version']).catch((error: unknown) => {
    throw new EmbeddedPartError('java_missing', `${need}, and there is none on the path. ${install}`, error)
  })
  const said = stderr + stdout
  const version = /version "(?:1\.)?(\d+)/.exec(said)?.[1]
  if (!version || Number(version) < leastVersion)
    throw new EmbeddedPartError('java_too_old', `${need}, and the one on the path is ${version ?? said}. ${install}`)
  return { command, build: createHash('sha256').update(said).digest('hex').slice(0, 8) }
}

const pidFile = (dataDir: string) => join(dataDir, 'pid')

/** Ends what a parent that was killed left running on the folder; to be called before its ports are looked at. */
export const endFormer = async (dataDir: string): Promise<void> => {
  await endLeftover(pidFile(dataDir), stopWithinMs)
}

/**
 * Starts it as a child. The first one that ends cleanly leaves an archive of its loaded classes, which halves the time
 * of later starts; Java itself checks that an archive fits and does without where it does not.
 */
export const startJava = async (spec: JavaSpec): Promise<RunningProcess> => {
  const { part, dataDir, jars, java, heap } = spec
  const scratch = join(dataDir, 'tmp')
  rmSync(scratch, { recursive: true, force: true })
  mkdirSync(scratch, { recursive: true })
  const archive = archiveOf(jars, java)
  const archiving = existsSync(archive) ? null : join(scratch, 'classes.jsa')
  const child = await spawnChild({
    name: part.name,
    command: java.command,
    args: [
      ...quickly(jars, java),
      ...(archiving ? [`-XX:ArchiveClassesAtExit=${archiving}`] : []),
      '-Xlog:disable',
      '-Xlog:all=error:stderr',
      `-Xms${heap.first}m`,
      `-Xmx${heap.most}m`,
      '-XX:+ExitOnOutOfMemoryError',
      `-XX:ErrorFile=${join(dataDir, 'crash.log')}`,
      `-Djava.io.tmpdir=${scratch}`,
      ...spec.args,
    ],
    cwd: dataDir,
    logFile: join(dataDir, 'output.log'),
    pidFile: pidFile(dataDir),
    ready: (_, signal) => spec.ready(signal),
    readyWithinMs,
    stopWithinMs,
    ...(spec.signal ? { signal: spec.signal } : {}),
  })
  if (!archiving) return child
  const stop = async () => {
    await child.stop()
    if ((await child.outcome) !== 'SIGKILL' && existsSync(archiving)) publish(archiving, archive)
  }
  return { ...child, stop }
}

const publish = (written: string, archive: string): void => {
  const copy = `${archive}.${randomUUID()}`
  copyFileSync(written, copy)
  renameSync(copy, archive)
  rmSync(written, { force: true })
}
