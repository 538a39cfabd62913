/**
 * The program of a parser child: `child.ts TABLE CAP` runs the parsers of a table (the URL of a module) on what its
 * parent sends, one input after another, with at most CAP bytes of memory. Nothing of it is kept from input to input.
 */
import { serialize } from 'node:v8'
import { codeOf, messageOf, Reject } from '../../runtime/errors.ts'
import { type Batch, mostOutputBytes, type Output, outputBytesAtOnce, outputTooLarge, type Said } from './messages.ts'
import { startWatchdog } from './watchdog.ts'

const [table, capBytes] = process.argv.slice(2) as [string, string]

const watchdog = startWatchdog(Number(capBytes))
// The watchdog is the only thread; `drop` is newer than the types.
const permission = process.permission as unknown as { drop?(name: string): void } | undefined
permission?.drop?.('worker')

const { parsers } = (await import(table)) as {
  parsers: Readonly<Record<string, (input: unknown, further: () => void) => unknown>>
}

/** Resolves when it is on its way: what still waited would be lost with a parser that hangs in the next input. */
const say = (said: Said): Promise<void> =>
  new Promise((resolve, reject) => {
    process.send!(said, undefined, undefined, error => (error ? reject(error) : resolve()))
  })

/** Sent for its moment alone: one that is lost only costs time. */
const further = (): void => {
  process.send!('further' satisfies Said, undefined, undefined, () => undefined)
}

const outputOf = async (parser: string, input: unknown): Promise<Output> => {
  try {
    const value = serialize(await parsers[parser]!(input, further))
    if (value.length <= mostOutputBytes) return { value }
    return {
      code: outputTooLarge,
      message: `its output has ${value.length} bytes; at most ${mostOutputBytes} are taken`,
    }
  } catch (error) {
    return { code: error instanceof Reject ? codeOf(error) : 'parser_failed', message: messageOf(error) }
  }
}

const work = async ({ parser, inputs }: Batch): Promise<void> => {
  let outputs: Output[] = []
  let size = 0
  for (const [i, input] of inputs.entries()) {
    watchdog.begin()
    const output = await outputOf(parser, input)
    watchdog.end()
    outputs.push(output)
    size += 'value' in output ? output.value.length : 0
    if (size < outputBytesAtOnce && i + 1 < inputs.length) continue
    await say({ outputs, rss: process.memoryUsage.rss() })
    outputs = []
    size = 0
  }
}

process.on('message', (batch: Batch) => {
  // What cannot be sent ends the child: the parent sees that, and what it has not got.
  work(batch).catch(() => process.exit(1))
})
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
await say('ready')
