import type { Parsers, ParserTable } from '../../src/sources/parsing/parsers.ts'
import { parsers } from '../../src/sources/parsing/table.ts'

/** Parsers that run where they are called, for what is not about their children. */
export const parsersHere: Parsers = {
  parse: async (name, input, { signal }) => {
    signal.throwIfAborted()
    return (parsers as ParserTable)[name]!(input as never, () => undefined) as never
  },
}
