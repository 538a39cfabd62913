import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The folder that `npm run build:console` fills, as seen from the sources and from the package. */
const folders = ['../dist/console/', '../console/']

/** Where the console is; null where it was not built. */
export const builtConsole = (): string | null =>
  folders.map(path => fileURLToPath(new URL(path, import.meta.url))).find(path => existsSync(`${path}index.html`)) ??
  null
