import { join } from 'node:path'
import type { Config } from './config.ts'

/** Where files that users upload are kept. */
export const uploadDirOf = ({ dataDir, sources }: Pick<Config, 'dataDir' | 'sources'>): string =>
  sources.uploadDir ?? join(dataDir, 'uploads')
