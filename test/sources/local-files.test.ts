import { describe, expect, test } from 'vitest'
import { FileOpener } from '../../src/sources/file-opener.ts'
import { sourceOpener } from '../../src/sources/open.ts'
import { isSourceReject, type SourceDocument, type SourceReject } from '../../src/sources/source.ts'
import { laneJob } from '../kit/line.ts'
import { kindsOver } from '../kit/source-kinds.ts'
import { folderWith } from './folder.ts'
import { column, pdfOf } from './parsing/pdf-of.ts'
import { docxOf, paragraph, xlsxOf } from './parsing/zip-of.ts'

const read = async (files: Readonly<Record<string, string | Buffer>>, type = 'local_files') => {
  const root = await folderWith(files)
  const job = laneJob({ sources: [JSON.stringify({ type, path: root })] })
  const { source } = sourceOpener(kindsOver(new FileOpener({ roots: [root] })))(job, 0)
  const { documents } = await source.bite(null, new AbortController().signal)
  return new Map(documents.map(one => [decodeURIComponent(one.uri.split('/').at(-1)!), one]))
}
const one = async (name: string, content: string | Buffer): Promise<SourceDocument | SourceReject> =>
  (await read({ [name]: content })).get(name)!
const text = (found: SourceDocument | SourceReject | undefined) =>
  found && (isSourceReject(found) ? found.code : found.text)

describe('each type of file', () => {
  test('is read by its extension, in any case', async () => {
    const found = await read({
      'a.html': '<title>Gates</title><html lang=en><nav>Menu</nav><p>See <a href="b.html">b</a>.',
      'b.PDF': pdfOf([column(['Of canals.'])]),
      'c.docx': docxOf(paragraph('Canals', 'Heading1')),
      'd.xlsx': xlsxOf({
        S: '<row><c t="str"><v>a</v></c><c t="str"><v>b</v></c></row><row><c><v>1</v></c><c><v>2</v></c></row>',
      }),
      'e.csv': '\ufeffname;note\n"North; gate";"two\nlines"\n\nSouth;\n',
      'f.tsv': 'a\tb\n1\t2\n',
      'g.json': '{"a":[1,2]}',
      'h.py': 'def run():\n    pass\n',
      'i.ndjson': '{"a":1}\n{"a":2}\n',
      'j.yaml': 'a: 1\n',
    })
    expect(Object.fromEntries([...found].map(([name, doc]) => [name, text(doc)]))).toEqual({
      'a.html': 'See [b](b.html).',
      'b.PDF': '## Page 1\n\nOf canals.',
      'c.docx': '# Canals',
      'd.xlsx': '## S\n\na: 1\nb: 2',
      'e.csv': 'name: North; gate\nnote: two lines\n\nname: South',
      'f.tsv': 'a: 1\nb: 2',
      'g.json': '{\n  "a": [\n    1,\n    2\n  ]\n}',
      'h.py': 'def run():\n    pass\n',
      'i.ndjson': '{"a":1}\n{"a":2}\n',
      'j.yaml': 'a: 1\n',
    })
    expect(found.get('a.html')).toMatchObject({ title: 'Gates', metadata: { file_type: 'html', language: 'en' } })
    expect(found.get('b.PDF')).toMatchObject({ title: 'b', metadata: { file_type: 'pdf', pages: '1' } })
    expect(found.get('e.csv')).toMatchObject({ metadata: { delimiter: ';', rows: '2' } })
    expect(found.get('h.py')).toMatchObject({ mediaType: 'text/x-python', metadata: { code_language: 'python' } })
  })

  test('that its content belies is refused by name', async () => {
    const old = Buffer.from('d0cf11e0a1b11ae1', 'hex')
    const found = await read({
      'a.pdf': 'no PDF',
      'b.docx': 'no zip',
      'c.xlsx': old,
      'd.docx': Buffer.concat([old, Buffer.from('EncryptedPackage', 'utf16le')]),
      'e.docx': xlsxOf({}),
      'f.pdf': pdfOf([[]]),
      'g.html': '<script>only()</script>',
      'h.py': Buffer.from([0, 1, 2]),
      'i.csv': Buffer.from('caf\xe9', 'latin1'),
      'j.pdf': pdfOf([column(['x'])], { encrypted: true }),
    })
    expect(Object.fromEntries([...found].map(([name, doc]) => [name, text(doc)]))).toEqual({
      'a.pdf': 'not_a_pdf',
      'b.docx': 'not_a_docx',
      'c.xlsx': 'not_a_xlsx',
      'd.docx': 'encrypted_document',
      'e.docx': 'not_a_docx',
      'f.pdf': 'scanned_pdf',
      'g.html': 'no_text',
      'h.py': 'binary_content',
      'i.csv': 'invalid_utf8',
      'j.pdf': 'encrypted_pdf',
    })
  })

  test('is HTML in the encoding that it says', async () => {
    const said = '<meta charset="iso-8859-2"><p>\xb1'
    expect(text(await one('a.html', Buffer.from(said, 'latin1')))).toBe('ą')
    expect(text(await one('b.html', Buffer.from('<p>caf\xe9', 'latin1')))).toBe('café')
    expect(text(await one('c.html', Buffer.from('\ufeff<p>café', 'utf16le')))).toBe('café')
  })

  test('is JSON that is not valid as it stands, and says why', async () => {
    const found = await one('a.json', '{"a": 1, // note\n}')
    expect(found).toMatchObject({ text: '{"a": 1, // note\n}', metadata: { json_error: expect.stringMatching(/\S/) } })
    expect(text(await one('b.json', `${'['.repeat(50_000)}${']'.repeat(50_000)}`))).toHaveLength(100_000)
  })
})

test('a source of PDF files reads them alone, and names the pages that have no text', async () => {
  const pdf = pdfOf([column(['One.']), [], [], column(['Four.']), []])
  const found = await read({ 'a.pdf': pdf, 'b.md': '# B' }, 'pdf')
  expect([...found.keys()]).toEqual(['a.pdf'])
  expect(found.get('a.pdf')).toMatchObject({ metadata: { pages: '5', pages_without_text: '2-3, 5' } })
})
