import mammoth from 'mammoth'
import { messageOf, Reject } from '../../runtime/errors.ts'
import { parseHtml } from './html.ts'
import { propertiesOf } from './office/properties.ts'
import { readXml } from './office/xml.ts'
import { openZip, type Zip } from './office/zip.ts'
import type { OfficeText } from './xlsx.ts'

/**
 * A Word document as Markdown, by way of HTML. Throws a Reject: `not_a_docx`, `zip_bomb`, `broken_zip`, `broken_xml`,
 * `broken_docx`.
 */
export const parseDocx = async (bytes: Uint8Array): Promise<OfficeText & { readonly title: string }> => {
  const zip = await openZip(bytes)
  const main = await mainPartOf(zip)
  for (const name of [main, ...parts.map(part => `${main.slice(0, main.lastIndexOf('/') + 1)}${part}.xml`)])
    await checkPart(zip, name)
  const { markdown } = parseHtml({ html: await htmlOf(bytes), url: null })
  const { title = '', ...metadata } = await propertiesOf(zip)
  return { title, markdown, metadata }
}

/** What the library reads of a document. It inflates for itself, so what it will read was read here, with bounds, before. */
const parts = ['styles', 'numbering', 'footnotes', 'endnotes', 'comments']

/** Where the text itself is; a few programs keep it elsewhere than Word does. */
const mainPartOf = async (zip: Zip): Promise<string> => {
  let main = 'word/document.xml'
  await readXml(zip.read('_rels/.rels'), {
    open(name, { Type = '', Target = '' }) {
      if (name === 'Relationship' && Type.endsWith('/officeDocument')) main = Target.replace(/^\//, '')
    },
  })
  if (!main.startsWith('word/') || !zip.has(main))
    throw new Reject('not_a_docx', 'it is a zip, but holds no Word document (no word/document.xml)')
  return main
}

const checkPart = async (zip: Zip, name: string): Promise<void> => {
  let depth = 0
  await readXml(zip.read(name), {
    open() {
      depth += 1
      if (depth > deepest) throw new Reject('too_deep', `its ${name} nests elements more than ${deepest} deep`)
    },
    close() {
      depth -= 1
    },
  })
}

const deepest = 512

const htmlOf = async (bytes: Uint8Array): Promise<string> => {
  try {
    const { value } = await mammoth.convertToHtml(
      { buffer: Buffer.from(bytes) },
      { convertImage, externalFileAccess: false },
    )
    return value
  } catch (error) {
    throw new Reject('broken_docx', `it is damaged (${messageOf(error)}); save it anew`, { cause: error })
  }
}

/** Of a picture its description is kept, not its bytes. */
const convertImage = mammoth.images.imgElement(async () => ({ src: '' }))
