import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { textOf } from '../../src/sources/file-text.ts'

const read = (bytes: Buffer | string) => textOf(Buffer.from(bytes as string), '/d/x.md')

test('UTF-8 is read with and without a byte order mark, UTF-16 with one', () => {
  expect(read('größe 漢字 👍')).toBe('größe 漢字 👍')
  expect(read('\uFEFFtext')).toBe('text')
  expect(read(Buffer.from('\uFEFFtext', 'utf16le'))).toBe('text')
  expect(read(Buffer.from('\uFEFFtext', 'utf16le').swap16())).toBe('text')
})

test('invalid UTF-8 is named with the offset of its first wrong byte', () => {
  const cases: [Buffer, number][] = [
    [Buffer.from([0x61, 0xff, 0x62]), 1],
    [Buffer.concat([Buffer.from('größe '), Buffer.from([0xc3])]), 8],
    [Buffer.concat([Buffer.from('漢'), Buffer.from([0xe6, 0xbc]), Buffer.from('x')]), 3],
    [Buffer.concat([Buffer.from('ab'), Buffer.from([0x80]), Buffer.from('cd')]), 2],
    [Buffer.concat([Buffer.from('ab'), Buffer.from([0xed, 0xa0, 0x80])]), 2],
    [Buffer.from('caf\xe9 au lait', 'latin1'), 3],
  ]
  for (const [bytes, at] of cases) {
    expect(read(bytes)).toEqual({
      code: 'invalid_utf8',
      message: expect.stringContaining(`/d/x.md is not valid UTF-8 at byte ${at} `),
    })
  }
})

test('binary content is told from text', () => {
  const png = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')
  for (const bytes of [png, randomBytes(5000), Buffer.from('a\0b'), Buffer.from('\x01\x02\x03\x04 text')])
    expect(read(bytes)).toEqual({ code: 'binary_content', message: expect.stringContaining('/d/x.md') })
  expect(read('colours \x1b[31mred\x1b[0m\f\n')).toContain('red')
})

test('a file of nothing but white space is empty', () => {
  for (const text of ['', ' \n\t\r\n', '\uFEFF', '\u00a0\u2003'])
    expect(read(text)).toEqual({ code: 'empty_document', message: expect.stringContaining('/d/x.md is empty') })
})

test('a broken UTF-16 file is named', () => {
  expect(read(Buffer.from([0xff, 0xfe, 0x61, 0x00, 0x62]))).toMatchObject({ code: 'invalid_utf16' })
  expect(read(Buffer.from([0xff, 0xfe, 0x00, 0xd8, 0x61, 0x00]))).toMatchObject({ code: 'invalid_utf16' })
})
