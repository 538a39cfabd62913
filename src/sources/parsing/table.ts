import { parseFrontMatter } from './front-matter-yaml.ts'
import type { HtmlInput } from './html.ts'
import { parseJson } from './json.ts'
import type { Further } from './messages.ts'
import type { PdfInput } from './pdf.ts'
import type { SheetInput } from './sheet-rows.ts'
import { parseSitemap } from './sitemap.ts'

/** The parsers that run in children, by name. What is large is loaded when a child first needs it. */
export const parsers = {
  front_matter: parseFrontMatter,
  html: async (input: HtmlInput) => (await import('./html.ts')).parseHtml(input),
  csv: async (text: string) => (await import('./csv.ts')).parseCsv(text),
  docx: async (bytes: Uint8Array) => (await import('./docx.ts')).parseDocx(bytes),
  json: parseJson,
  sheet_rows: async (input: SheetInput, further?: Further) =>
    (await import('./sheet-rows.ts')).parseSheetRows(input, further),
  sitemap: parseSitemap,
  xlsx: async (bytes: Uint8Array) => (await import('./xlsx.ts')).parseXlsx(bytes),
  pdf: async (input: PdfInput) => (await import('./pdf.ts')).parsePdf(input),
} as const

export type OwnParsers = typeof parsers
