import { expect, test } from 'vitest'
import { readPdf } from '../../../src/sources/readers/pdf-file.ts'

test('a PDF whose pages have more text together than is kept is refused, and not read to its end', async () => {
  let reads = 0
  const parse = async () => {
    reads++
    return { title: '', metadata: {}, pages: 500, text: 'x'.repeat(8 * 1024 * 1024), empty: [], next: reads * 50 + 1 }
  }
  const file = { bytes: Buffer.from('%PDF-1.7'), path: '/docs/a.pdf' }
  await expect(readPdf(file as never, parse as never)).rejects.toMatchObject({
    ...{ code: 'too_much_text', message: expect.stringContaining('/docs/a.pdf has more than 33554432 characters') },
  })
  expect(reads).toBe(5)
})
