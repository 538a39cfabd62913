import { deflateSync } from 'node:zlib'
import { docxOf, xlsxOf, zipOf } from '../test/sources/parsing/zip-of.ts'

const MiB = 1024 * 1024

/** A PDF whose one page inflates to so many bytes of blanks. */
const pdfBomb = (bytes: number): Buffer => {
  const stream = deflateSync(Buffer.alloc(bytes, ' '))
  const head = `%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Type /Pages /Count 1 /Kids [3 0 R] >>\nendobj\n3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>\nendobj\n4 0 obj\n<< /Length ${stream.length} /Filter /FlateDecode >>\nstream\n`
  return Buffer.concat([
    Buffer.from(head),
    stream,
    Buffer.from('\nendstream\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n'),
  ])
}
const lines = (count: number) =>
  Array.from({ length: count }, (_, i) => `<row><c t="s"><v>${i % 9}</v></c></row>`).join('')

/** Files that are made to harm their reader, by name. */
export const bombs: Readonly<Record<string, () => Buffer | string>> = {
  'ratio.docx': () => docxOf('', { 'word/media/a.bin': Buffer.alloc(200 * MiB) }),
  'many-entries.docx': () => zipOf(Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`${i}`, '']))),
  'deep.docx': () => docxOf('<w:sdt>'.repeat(1_000_000)),
  'ratio.xlsx': () => xlsxOf({ S: ' '.repeat(200 * MiB) }),
  'lying.xlsx': () => zipOf({ 'xl/workbook.xml': `<workbook>${' '.repeat(200 * MiB)}</workbook>` }, 100),
  'strings.xlsx': () =>
    xlsxOf(
      { S: lines(10) },
      Array.from({ length: 9 }, () => `<t>${'x'.repeat(400_000)}</t>`),
    ),
  'rows.xlsx': () => xlsxOf({ S: lines(1_000_000) }, ['<t>a</t>']),
  'far.xlsx': () => xlsxOf({ S: '<row><c r="XFD1048576"><v>1</v></c></row>' }),
  'entities.xlsx': () =>
    xlsxOf({}, [], {
      'xl/workbook.xml': '<!DOCTYPE w [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><workbook>&b;</workbook>',
    }),
  'inflates.pdf': () => pdfBomb(1500 * MiB),
  'deep.html': () => '<div>'.repeat(1_000_000),
  'wide.html': () => `<table><tr>${'<td colspan=1000 rowspan=1000>x'.repeat(2000)}</table>`,
  'attributes.html': () => `<p ${Array.from({ length: 200_000 }, (_, i) => `a${i}=1`).join(' ')}>x`,
  'formatting.html': () =>
    `<p>${Array.from({ length: 400 }, (_, i) => `<b class=${i}>`).join('')}${'<p>x'.repeat(2000)}`,
  'deep.json': () => '['.repeat(5_000_000),
  'quotes.csv': () => `a,b\n"${'x\n'.repeat(5_000_000)}`,
}
