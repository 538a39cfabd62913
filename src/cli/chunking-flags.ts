import { type Command, Option } from 'commander'
import { integer } from './options.ts'

export interface ChunkingFlags {
  readonly strategy?: 'markdown' | 'recursive' | 'fixed'
  readonly chunkSize?: number
  readonly chunkOverlap?: number
}

/** How documents are cut. */
export const chunkingOptions = (command: Command): Command =>
  command
    .addOption(new Option('--strategy <name>', 'how documents are cut').choices(['markdown', 'recursive', 'fixed']))
    .option('--chunk-size <tokens>', 'size of a chunk', integer)
    .option('--chunk-overlap <tokens>', 'what a chunk repeats of the one before', integer)

/** What was said of it, as the API names it. */
export const chunkingOf = ({ strategy, chunkSize, chunkOverlap }: ChunkingFlags) => ({
  ...(strategy === undefined ? {} : { strategy }),
  ...(chunkSize === undefined ? {} : { chunk_size: chunkSize }),
  ...(chunkOverlap === undefined ? {} : { chunk_overlap: chunkOverlap }),
})
