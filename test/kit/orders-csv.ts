import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'

/** One row in so many cannot be read. */
export const badEvery = 9_973
/** One row in so many has the key of the row before it. */
export const doubledEvery = 49_999

const isBad = (n: number) => n % badEvery === 0
const isDoubled = (n: number) => n % doubledEvery === 0 && !isBad(n) && !isBad(n - 1)

/** Row `n`, from 1, with all that CSV has to be read with care: quotes, line ends in cells, umlauts, decimal commas. */
const line = (n: number): string => {
  const id = isDoubled(n) ? n - 1 : n
  const amount = isBad(n)
    ? 'viel'
    : `${1 + (n % 9)}.${String(n % 1000).padStart(3, '0')},${String(n % 100).padStart(2, '0')}`
  const day = `${String(1 + (n % 28)).padStart(2, '0')}.${String(1 + (n % 12)).padStart(2, '0')}.20${10 + (n % 15)}`
  const note = n % 50 === 0 ? `"first line\r\nsecond ""line"" of ${n}"` : `a note of some plain words for number ${n}`
  return `${id};"Müller & Söhne, Nr. ${n}";Zürich;${amount};${n % 2 ? 'ja' : 'nein'};${day};2024-05-01T10:${String(n % 60).padStart(2, '0')}:00Z;${note}\r\n`
}

/** Writes rows until the file has so many bytes, and tells what is in it. */
export const writeOrders = async (path: string, bytes: number) => {
  const out = createWriteStream(path)
  const bad: number[] = []
  const doubled: number[] = []
  let [rows, written, text] = [0, 0, '\ufeffOrder No;Customer;City;Amount;Paid;Day;Sent at;Note\r\n']
  while (written < bytes) {
    for (let i = 0; i < 2_000; i++) {
      text += line(++rows)
      if (isBad(rows)) bad.push(rows)
      else if (isDoubled(rows)) doubled.push(rows)
    }
    const chunk = Buffer.from(text)
    written += chunk.length
    text = ''
    if (!out.write(chunk)) await once(out, 'drain')
  }
  out.end()
  await finished(out)
  return { rows, bytes: written, bad, doubled }
}

export const ordersMapping = {
  tables: [
    {
      table: 'orders',
      delimiter: ';',
      columns: [
        { column: 'Order No', name: 'order_no', type: 'bigint', key: true },
        { column: 'Customer', name: 'customer', type: 'text' },
        { column: 'City', name: 'city', type: 'text' },
        {
          column: 'Amount',
          name: 'amount',
          type: 'numeric(12,2)',
          format: { decimal: ',' as const, thousands: '.' as const },
        },
        { column: 'Paid', name: 'paid', type: 'boolean', format: { true: ['ja'], false: ['nein'] } },
        { column: 'Day', name: 'day', type: 'date', format: { pattern: 'DD.MM.YYYY' } },
        { column: 'Sent at', name: 'sent_at', type: 'timestamptz' },
        { column: 'Note', name: 'note', type: 'text', nullable: true },
      ],
    },
  ],
}
