import { extname } from 'node:path'

const own = new URL(`./table${extname(import.meta.filename)}`, import.meta.url)
let installed = own

/** For tests of what survives a parser that goes wrong: nothing in `src` calls it. For pools that are opened afterwards. */
export const installTable = (table: URL): void => {
  installed = table
}

/** The module of the parsers that children run. */
export const tableInUse = (): URL => installed
