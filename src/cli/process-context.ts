import { createInterface } from 'node:readline/promises'
import { createClient } from '../api/client.ts'
import type { CliContext, Setting } from './context.ts'

/** What composition knows of the configuration. */
export interface ContextParts {
  readonly version: string
  /** Where the running Penstock is; throws a sentence when that cannot be known. Asked only by verbs that call it. */
  serverUrl(): Promise<string>
  /** The key to show it, if there is one. */
  apiKey(): string | null
  createKey: CliContext['createKey']
  settings(): readonly Setting[]
}

/**
 * The context of this process. Its signal aborts on the first SIGINT, SIGTERM or SIGHUP (the terminal was closed); the
 * second ends the process at once.
 */
export const processContext = ({ version, serverUrl, apiKey, createKey, settings }: ContextParts): CliContext => {
  const interrupted = new AbortController()
  const interrupt = () => {
    if (interrupted.signal.aborted) process.exit(130)
    interrupted.abort()
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt)
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    cwd: process.cwd(),
    version,
    signal: interrupted.signal,
    confirm: question => confirm(question, interrupted.signal),
    client: async () => createClient(await serverUrl(), { apiKey: apiKey() ?? undefined }),
    createKey,
    settings,
  }
}

/** On stderr, so that what the verb prints can go to a file. */
const confirm = async (question: string, signal: AbortSignal): Promise<boolean | null> => {
  const { stdin: input, stderr: output } = process
  if (!input.isTTY || !output.isTTY) return null
  const terminal = createInterface({ input, output })
  // The terminal is in raw mode meanwhile: Ctrl-C is a key, and Ctrl-D ends the input without an answer.
  terminal.once('SIGINT', () => process.kill(process.pid, 'SIGINT'))
  const unanswered = (error: Error): string => {
    if (signal.aborted || error.name !== 'AbortError') throw error
    return ''
  }
  try {
    const answer = await terminal.question(`${question} [y/N] `, { signal }).catch(unanswered)
    return /^y(es)?$/i.test(answer.trim())
  } finally {
    terminal.close()
  }
}
