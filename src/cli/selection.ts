import type { Command } from 'commander'
import type { SelectionBody } from '../api/contract/dead-letters.ts'
import { collect } from './options.ts'

/** Which dead letters of a job are meant. */
export interface SelectionFlags {
  readonly stage?: string
  readonly code?: string
  readonly document?: readonly string[]
  readonly uri?: readonly string[]
}

export const jobArgument = [
  '<job-or-kb>',
  'a job, or a knowledge base for its newest run; INTAKE for what was published and could not be routed',
] as const

export const selectionOptions = (command: Command): Command =>
  command
    .option('--stage <name>', 'only those of this stage, such as embedding')
    .option('--code <code>', 'only those of this cause')
    .option('--document <id>', 'only those of this document; may be repeated', collect)
    .option('--uri <uri>', 'only those of the document with this uri; may be repeated', collect)

export const selectionOf = ({ stage, code, document, uri }: SelectionFlags): SelectionBody => ({
  ...(stage === undefined ? {} : { stage }),
  ...(code === undefined ? {} : { code }),
  ...(document === undefined ? {} : { document_ids: [...document] }),
  ...(uri === undefined ? {} : { uris: [...uri] }),
})
