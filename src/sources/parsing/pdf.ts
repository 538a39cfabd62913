import type { PDFPageProxy } from 'pdfjs-dist/legacy/build/pdf.mjs'
import { infoOf } from './pdf/info.ts'
import { joined, piecesOf, type Run } from './pdf/lines.ts'
import { asReject, openPdf } from './pdf/open.ts'
import { inReadingOrder } from './pdf/order.ts'
import { type PageLines, withoutRunning } from './pdf/running.ts'
import { pageMarkdown, type Sizes, sizesOf } from './pdf/to-markdown.ts'

export interface PdfInput {
  readonly bytes: Uint8Array
  /** The first page, from 1, to be read of it. */
  readonly from: number
}

/** Some pages of a PDF. */
export interface PdfPages {
  /** What it is called in itself, else the largest words of its first page; empty where neither says. */
  readonly title: string
  readonly metadata: Readonly<Record<string, string>>
  /** Of the whole document. */
  readonly pages: number
  /** Markdown; each page that has text begins with a heading `## Page 12`. */
  readonly text: string
  /** Pages among those that were read that have no text. */
  readonly empty: readonly number[]
  /** The first page that was not read; null after the last. */
  readonly next: number | null
}

/** So many are read at once, so that a document of thousands takes no longer at once than one of fifty. */
export const pagesAtOnce = 50

/** Reads up to fifty pages. Throws a Reject `encrypted_pdf` or `broken_pdf`. */
export const parsePdf = async ({ bytes, from }: PdfInput): Promise<PdfPages> => {
  const document = await openPdf(bytes)
  try {
    const { info } = await document.getMetadata()
    const said = infoOf(info as Record<string, unknown>)
    const to = Math.min(document.numPages, from + pagesAtOnce - 1)
    const read: PageLines[] = []
    for (let number = from; number <= to; number++) read.push(await linesOf(await document.getPage(number)))
    const pages = withoutRunning(read)
    const sizes = sizesOf(pages)
    const texts = pages.map(lines => pageMarkdown(lines, sizes))
    return {
      title: said.title || (from === 1 ? largestOf(pages[0]!, sizes) : ''),
      metadata: said.metadata,
      pages: document.numPages,
      text: texts.flatMap((text, i) => (text === '' ? [] : [`## Page ${from + i}\n\n${text}\n\n`])).join(''),
      empty: read.flatMap((lines, i) => (lines.length === 0 ? [from + i] : [])),
      next: to < document.numPages ? to + 1 : null,
    }
  } catch (error) {
    throw asReject(error)
  } finally {
    await document.loadingTask.destroy()
  }
}

const linesOf = async (page: PDFPageProxy): Promise<PageLines> => {
  const { items, styles } = await page.getTextContent()
  const runs = items.flatMap((item): Run[] => {
    if (!('str' in item)) return []
    const [a, b, c, d, x, y] = item.transform as [number, number, number, number, number, number]
    const size = Math.hypot(c, d) || Math.hypot(a, b) || 1
    const text = item.str.replaceAll('\0', '').toWellFormed().normalize('NFC')
    const fixed = styles[item.fontName]?.fontFamily === 'monospace'
    const upright = Math.abs(b) < 0.1 * size && a >= 0
    return [{ text, x, y, width: item.width, size, upright, fixed, ends: item.hasEOL }]
  })
  page.cleanup()
  return joined(inReadingOrder(piecesOf(runs)))
}

/** The first words of the largest letters of a page, if they are a heading. */
const largestOf = (lines: PageLines, { headings }: Sizes): string => {
  const largest = Math.max(0, ...lines.map(({ size }) => size))
  if (!headings.some(size => Math.abs(size - largest) < 0.5)) return ''
  const first = lines.findIndex(({ size }) => size === largest)
  const words: string[] = []
  for (let i = first; lines[i]?.size === largest && words.length < 4; i++) words.push(lines[i]!.text)
  return words.join(' ').slice(0, 300)
}
