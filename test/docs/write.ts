/** `npm run docs` */
import { writeFileSync } from 'node:fs'
import { pages } from './pages.ts'

for (const [file, page] of pages) {
  writeFileSync(file, page())
  console.log(file)
}
