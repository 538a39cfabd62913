import { basename, extname } from 'node:path'

/** The name of a file without its extension: the title of what has no other. */
export const lastName = (path: string): string => basename(path, extname(path))
