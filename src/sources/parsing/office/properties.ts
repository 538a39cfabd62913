import { readXml } from './xml.ts'
import type { Zip } from './zip.ts'

const longest = 1024

/** Elements of a file's core properties, by the names they get here. */
const named = new Map(
  Object.entries({
    title: 'title',
    creator: 'author',
    subject: 'subject',
    keywords: 'keywords',
    description: 'description',
    created: 'created',
    modified: 'modified',
    language: 'language',
  }),
)

/** What a file of an office says of itself. */
export const propertiesOf = async (zip: Zip): Promise<Readonly<Record<string, string>>> => {
  const found: Record<string, string> = {}
  let key: string | undefined
  await readXml(zip.read('docProps/core.xml'), {
    open(name) {
      key = named.get(name)
    },
    text(piece) {
      if (key !== undefined) found[key] = ((found[key] ?? '') + piece).slice(0, longest)
    },
    close() {
      key = undefined
    },
  })
  return Object.fromEntries(
    Object.entries(found)
      .map(([name, value]) => [name, value.replace(/\s+/g, ' ').trim()] as const)
      .filter(([, value]) => value !== ''),
  )
}
