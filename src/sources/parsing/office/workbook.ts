import { Reject } from '../../../runtime/errors.ts'
import { unescaped } from './unescaped.ts'
import { readXml } from './xml.ts'
import type { Zip } from './zip.ts'

/** A sheet of a workbook, by its name and where it lies in the zip. */
export interface SheetEntry {
  readonly name: string
  readonly entry: string
  readonly hidden: boolean
}

export interface Workbook {
  readonly sheets: readonly SheetEntry[]
  /** Days are counted from 1904, as old Macs did. */
  readonly from1904: boolean
}

/** What a workbook consists of. Throws a Reject `not_a_xlsx` for a zip that is none. */
export const workbookOf = async (zip: Zip): Promise<Workbook> => {
  if (!zip.has('xl/workbook.xml'))
    throw new Reject('not_a_xlsx', 'it is a zip, but holds no workbook (no xl/workbook.xml)')
  const targets = new Map<string, string>()
  await readXml(zip.read('xl/_rels/workbook.xml.rels'), {
    open(name, { Id, Target }) {
      if (name === 'Relationship' && Id && Target) targets.set(Id, entryOf(Target))
    },
  })
  const sheets: SheetEntry[] = []
  let from1904 = false
  await readXml(zip.read('xl/workbook.xml'), {
    open(name, attributes) {
      if (name === 'workbookPr') from1904 = /^(?:1|true)$/.test(attributes.date1904 ?? '')
      if (name !== 'sheet') return
      const entry = targets.get(attributes['r:id'] ?? '')
      const { name: title = '', state = 'visible' } = attributes
      if (entry !== undefined && zip.has(entry)) sheets.push({ name: title, entry, hidden: state !== 'visible' })
    },
  })
  return { sheets, from1904 }
}

/** Targets are relative to the folder `xl`, or begin at the top. */
const entryOf = (target: string) => (target.startsWith('/') ? target.slice(1) : `xl/${target}`)

/** The texts that cells share, by their numbers; what says how they are pronounced is left out. */
export const sharedStrings = async (zip: Zip): Promise<readonly string[]> => {
  const strings: string[] = []
  let text = ''
  let inText = false
  let spoken = false
  await readXml(zip.read('xl/sharedStrings.xml'), {
    open(name) {
      if (name === 'si') text = ''
      if (name === 'rPh') spoken = true
      inText = name === 't' && !spoken
    },
    text(piece) {
      if (inText) text += piece
    },
    close(name) {
      inText = false
      if (name === 'rPh') spoken = false
      if (name === 'si') strings.push(unescaped(text))
    },
  })
  return strings
}

/** What numbers of a style of cells are shown as, where that is no number. */
export type NumberStyle = 'date' | 'duration' | null

/** For each style of cells. */
export const numberStyles = async (zip: Zip): Promise<readonly NumberStyle[]> => {
  const formats = new Map<string, string>()
  const styles: NumberStyle[] = []
  let inCells = false
  await readXml(zip.read('xl/styles.xml'), {
    open(name, { numFmtId = '0', formatCode = '' }) {
      if (name === 'numFmt') formats.set(numFmtId, formatCode)
      if (name === 'cellXfs') inCells = true
      if (name === 'xf' && inCells) styles.push(styleOf(numFmtId, formats.get(numFmtId)))
    },
    close(name) {
      if (name === 'cellXfs') inCells = false
    },
  })
  return styles
}

/** Built-in formats by their numbers; others by what they show, quoted text and colours left out. */
const styleOf = (id: string, format: string | undefined): NumberStyle => {
  const number = Number(id)
  if (format === undefined) {
    if (number === 46) return 'duration'
    return (number >= 14 && number <= 22) || number === 45 || number === 47 ? 'date' : null
  }
  const shown = format.replace(/"[^"]*"|\\./g, '')
  if (/\[(?:h+|m+|s+)\]/i.test(shown)) return 'duration'
  return /[ymdhs]/i.test(shown.replace(/\[[^\]]*\]/g, '').replace(/general/i, '')) ? 'date' : null
}
