import { Reject } from '../../runtime/errors.ts'
import { lastName } from './name.ts'
import type { FileBytes, ReadFile } from './reader.ts'

/** A Word document: its text as Markdown, with headings, lists, tables and links. */
export const readDocx: ReadFile = async (file, parse) => {
  checkKind(file, 'docx', 'Word document')
  const { title, markdown, metadata } = await parse('docx', file.bytes)
  if (markdown === '') throw new Reject('no_text', `${file.path} has no text: it is empty, or all pictures.`)
  return { title, mediaType: 'text/markdown', text: markdown, metadata: { ...metadata, file_type: 'docx' } }
}

/** A workbook: its sheets as headings, their rows as lines `column: value`. */
export const readXlsx: ReadFile = async (file, parse) => {
  checkKind(file, 'xlsx', 'workbook')
  const { markdown, metadata } = await parse('xlsx', file.bytes)
  if (markdown === '') throw new Reject('no_text', `${file.path} has no text: all its cells are empty.`)
  const title = metadata.title ?? lastName(file.path)
  return { title, mediaType: 'text/markdown', text: markdown, metadata: { ...metadata, file_type: 'xlsx' } }
}

const zip = Buffer.from('PK\x03\x04')
const compound = Buffer.from('d0cf11e0a1b11ae1', 'hex')
/** Names of streams in such a file are UTF-16. */
const encryptedPackage = Buffer.from('EncryptedPackage', 'utf16le')

/** By the first bytes: what is encrypted, or of the old binary formats, lies in a compound file instead of a zip. */
const checkKind = ({ bytes, path }: FileBytes, type: 'docx' | 'xlsx', what: string): void => {
  if (bytes.subarray(0, 4).equals(zip)) return
  if (bytes.subarray(0, 8).equals(compound)) {
    if (bytes.includes(encryptedPackage))
      throw new Reject('encrypted_document', `${path} is encrypted. Save it without a password, then load it again.`)
    throw new Reject(`not_a_${type}`, `${path} is in the binary format of old Office versions. Save it as .${type}.`)
  }
  throw new Reject(
    `not_a_${type}`,
    `${path} is no ${what}, although it is named so. Leave it out, or name it for what it is.`,
  )
}
