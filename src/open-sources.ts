import type { Config } from './config.ts'
import { FileOpener } from './sources/file-opener.ts'
import { sourceOpener } from './sources/open.ts'
import type { Parsers } from './sources/parsing/parsers.ts'
import type { OpenSource, ReadableSource } from './sources/source.ts'

/** The one opener of paths, as this installation allows them. */
export const fileOpener = ({ sources }: Config): FileOpener =>
  new FileOpener({ roots: sources.fileRoots, maxBytes: sources.maxFileBytes })

/** Opens the sources of jobs. */
export const openSources = (config: Config, parsers: Parsers): OpenSource<ReadableSource> =>
  sourceOpener(fileOpener(config), parsers)
