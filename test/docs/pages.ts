import { join } from 'node:path'
import { apiPage } from './api.ts'
import { configurationPage } from './configuration.ts'
import { observabilityPage } from './observability.ts'
import { topicsPage } from './topics.ts'

const docs = join(import.meta.dirname, '../../docs')

/** The pages that are made from the code: `npm run docs` writes them. */
export const pages: ReadonlyMap<string, () => string> = new Map([
  [join(docs, 'API.md'), apiPage],
  [join(docs, 'CONFIGURATION.md'), configurationPage],
  [join(docs, 'OBSERVABILITY.md'), () => observabilityPage(join(docs, 'OBSERVABILITY.md'))],
  [join(docs, 'TOPICS.md'), topicsPage],
])
