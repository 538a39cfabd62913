/** Words at a place of a page, in points from its lower left; 10 points large, in Times unless stated. */
export interface Words {
  readonly text: string
  readonly x: number
  readonly y: number
  readonly size?: number
  readonly font?: 'Times-Roman' | 'Courier'
}

interface More {
  readonly info?: Readonly<Record<string, string>>
  /** Encrypted with a password that nobody knows. */
  readonly encrypted?: true
}

/** A PDF whose pages show these words, in this order. */
export const pdfOf = (pages: readonly (readonly Words[])[], { info = {}, encrypted }: More = {}): Buffer => {
  const objects: string[] = []
  const add = (body: string) => objects.push(body)
  const quoted = (text: string) => `(${text.replace(/[\\()]/g, '\\$&')})`
  add('<< /Type /Catalog /Pages 2 0 R >>')
  add(`<< /Type /Pages /Count ${pages.length} /Kids [${pages.map((_, i) => `${6 + 2 * i} 0 R`).join(' ')}] >>`)
  for (const font of ['Times-Roman', 'Courier'])
    add(`<< /Type /Font /Subtype /Type1 /BaseFont /${font} /Encoding /WinAnsiEncoding >>`)
  add(
    `<< ${Object.entries(info)
      .map(([key, value]) => `/${key} ${quoted(value)}`)
      .join(' ')} >>`,
  )
  for (const [i, words] of pages.entries()) {
    const shown = words.map(({ text, x, y, size = 10, font = 'Times-Roman' }) => {
      return `BT /${font} ${size} Tf 1 0 0 1 ${x} ${y} Tm ${quoted(text)} Tj ET`
    })
    const stream = shown.join('\n')
    add(
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents ${7 + 2 * i} 0 R /Resources << /Font << /Times-Roman 3 0 R /Courier 4 0 R >> >> >>`,
    )
    add(`<< /Length ${stream.length} >>\nstream\n${stream}\nendstream`)
  }
  const key = `<${'ab'.repeat(32)}>`
  const encrypt = encrypted ? `/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O ${key} /U ${key} >> /ID [<00><00>]` : ''
  let file = '%PDF-1.4\n'
  const offsets = objects.map((body, i) => {
    const at = file.length
    file += `${i + 1} 0 obj\n${body}\nendobj\n`
    return at
  })
  const table = offsets.map(at => `${String(at).padStart(10, '0')} 00000 n \n`).join('')
  const size = objects.length + 1
  return Buffer.from(
    `${file}xref\n0 ${size}\n0000000000 65535 f \n${table}trailer\n<< /Size ${size} /Root 1 0 R /Info 5 0 R ${encrypt} >>\nstartxref\n${file.length}\n%%EOF\n`,
    'latin1',
  )
}

/** Lines of text below one another. */
export const column = (lines: readonly string[], x = 72, top = 700): Words[] =>
  lines.map((text, i) => ({ text, x, y: top - 12 * i }))
