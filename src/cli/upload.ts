import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { Readable } from 'node:stream'
import type { Command } from 'commander'
import { type CliContext, UsageError } from './context.ts'
import { examples, jsonFlag } from './options.ts'
import { number, say, sayJson } from './text.ts'

interface Flags {
  readonly kb: string
  readonly to?: string
  readonly json?: true
}

export const registerUpload = (program: Command, context: CliContext): void => {
  program
    .command('upload')
    .summary('send files to be put into a knowledge base')
    .description(
      'Sends files to the Penstock, which keeps them for a knowledge base until they are put into it: penstock ingest --uploads. A file of the same name is replaced.',
    )
    .argument('<file...>', 'files of this machine')
    .requiredOption('--kb <id>', 'the knowledge base; it need not exist yet')
    .option('--to <folder>', 'the folder of its uploads in which they are kept')
    .option(...jsonFlag)
    .addHelpText(
      'after',
      examples('upload report.pdf --kb handbook', 'upload *.docx --kb handbook --to letters/2026 --json'),
    )
    .action((files: readonly string[], flags: Flags) => upload(context, files, flags))
}

interface Sent {
  readonly path: string
  readonly bytes: number
  readonly sha256: string
}

const upload = async (context: CliContext, files: readonly string[], { kb, to, json }: Flags): Promise<void> => {
  const sizes = await Promise.all(files.map(file => sizeOf(resolve(context.cwd, file), file)))
  const paths = files.map(file => [...(to === undefined ? [] : [to.replace(/\/+$/, '')]), basename(file)].join('/'))
  const twice = paths.find((path, i) => paths.indexOf(path) !== i)
  if (twice !== undefined) throw new UsageError(`two of the files would be kept as ${twice}`)
  const client = await context.client()
  const sent: Sent[] = []
  for (const [i, file] of files.entries()) {
    const progress = progressOf(context, paths[i]!, sizes[i]!)
    const octets = bodyOf(resolve(context.cwd, file), progress.add)
    try {
      sent.push(await client.upload({ params: { kb_id: kb, path: paths[i]! }, octets }, context.signal))
    } finally {
      progress.end()
    }
    if (!json) say(context.stdout, `${sent.at(-1)!.path}  ${number(sizes[i]!)} bytes  sha256 ${sent.at(-1)!.sha256}`)
  }
  if (json) return sayJson(context.stdout, { kb_id: kb, uploads: sent })
  say(context.stdout, `Put them into ${kb} with: penstock ingest --uploads --kb ${kb}`)
}

const sizeOf = async (path: string, file: string): Promise<number> => {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') throw new UsageError(`there is no file ${file}`)
    throw error
  })
  if (!found.isFile()) throw new UsageError(`${file} is no file; name the files of a folder, such as ${file}/*`)
  return found.size
}

const bodyOf = (path: string, add: (bytes: number) => void): ReadableStream<Uint8Array> => {
  const content = createReadStream(path, { highWaterMark: 256 * 1024 })
  return Readable.toWeb(
    Readable.from(
      (async function* () {
        for await (const piece of content as AsyncIterable<Buffer>) {
          add(piece.length)
          yield piece
        }
      })(),
      { objectMode: false },
    ),
  ) as ReadableStream<Uint8Array>
}

const everyMs = 200

/** One line that is written over, on a terminal alone. */
const progressOf = ({ stderr }: CliContext, path: string, size: number) => {
  if (!stderr.isTTY) return { add: () => undefined, end: () => undefined }
  let bytes = 0
  let last = 0
  return {
    add(more: number) {
      bytes += more
      if (performance.now() - last < everyMs) return
      last = performance.now()
      const percent = size === 0 ? 100 : Math.floor((bytes / size) * 100)
      stderr.write(`\r\x1b[K${path}  ${percent} %  ${number(bytes)} of ${number(size)} bytes`)
    },
    end: () => void stderr.write('\r\x1b[K'),
  }
}
