import { overMemory } from './messages.ts'

/** What a parser may use for one input. */
export interface ParserLimits {
  /** From when a parser gets an input to its result, or to its next step where it makes some, in milliseconds. */
  readonly timeoutMs: number
  /** Resident memory of a child, in bytes; without work it has about 90 MiB, so 256 MiB are little. */
  readonly memoryBytes: number
}

/** How a child ended. */
export interface Ending {
  readonly exit: number | null
  readonly signal: NodeJS.Signals | null
  /** The last that it wrote to its standard error. */
  readonly errors: string
  /** It had the input for longer than it may. */
  readonly late: boolean
}

export interface Failure {
  readonly code: 'parser_died' | 'parser_timeout' | 'parser_out_of_memory'
  /** The end of a sentence that begins with the name of the input. */
  readonly message: string
}

/** What V8 writes before it aborts. */
const outOfHeap = /^\W*fatal .*(out of memory|allocation failed)/im

/** What the end of a child says about the input it had. */
export const failureOf = (ending: Ending, { timeoutMs, memoryBytes }: ParserLimits): Failure => {
  if (ending.late)
    return {
      code: 'parser_timeout',
      message: `took the parser longer than ${timeoutMs / 1000} s, or a step of a sheet did, twice. Leave the file out, or raise PENSTOCK_PARSER_TIMEOUT_MS.`,
    }
  if (ending.signal === overMemory || outOfHeap.test(ending.errors))
    return {
      code: 'parser_out_of_memory',
      message: `took the parser more than ${Math.round(memoryBytes / 1024 / 1024)} MiB of memory, twice. Leave the file out, or raise PENSTOCK_PARSER_MEMORY_MB.`,
    }
  return { code: 'parser_died', message: `ended the parser (${howEnded(ending)}), twice. Leave the file out.` }
}

/** How a child ended, in words. */
export const howEnded = ({ exit, signal }: Pick<Ending, 'exit' | 'signal'>): string => signal ?? `code ${exit}`
