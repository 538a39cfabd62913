import { type ColumnFormat, type ColumnMapping, scaleOf } from '../specs/mapping.ts'
import { datesBy, isoDates, type ReadDate } from './dates.ts'

/**
 * Reads a cell as the type of its column: the text form that PostgreSQL reads for it, the same for the same value where
 * the type may be a key; null for one of the null words; undefined for what is no such value. Cells of workbooks have a
 * kind of their own, a letter or blank.
 */
export type ReadCell = (cell: string, kind?: string) => string | null | undefined

export interface CellReader {
  readonly read: ReadCell
  /** What a cell has to be, after "is not": "a date like DD.MM.YYYY". */
  readonly expected: string
}

/** How the cells of a column are read. Throws for a date pattern that names a part twice. */
export const cellReader = ({ type, nullable, format: own }: ColumnMapping, defaults: ColumnFormat = {}): CellReader => {
  const format = { ...defaults, ...own }
  const { read, expected } = typed(type, format)
  const nulls = new Set(format.null ?? (type === 'text' && !nullable ? [] : ['']))
  const prepared = format.trim ? (cell: string) => cell.trim() : (cell: string) => cell
  return {
    expected: nullable ? `${expected}, nor one of the words for null` : expected,
    read: cell => {
      const text = prepared(cell)
      if (nulls.has(text)) return nullable ? null : undefined
      return read(text)
    },
  }
}

type Typed = { readonly read: (text: string) => string | undefined; readonly expected: string }

const typed = (type: string, format: ColumnFormat): Typed => {
  switch (type) {
    case 'text':
      return { read: text => (text.includes('\0') ? undefined : text), expected: 'a text without NUL characters' }
    case 'integer':
      return whole(format, -(2n ** 31n), 2n ** 31n - 1n, 'a whole number of 32 bits')
    case 'bigint':
      return whole(format, -(2n ** 63n), 2n ** 63n - 1n, 'a whole number of 64 bits')
    case 'double':
      return double(format)
    case 'boolean':
      return boolean(format)
    case 'date':
    case 'timestamp':
    case 'timestamptz':
      return time(type, format)
    case 'json':
      return { read: json, expected: 'JSON that PostgreSQL can store' }
    case 'uuid':
      return { read: uuid, expected: 'a UUID' }
    default:
      return decimal(type, format)
  }
}

/** The number with a point and without separators; undefined where these stand in the wrong places. */
const plainNumber = ({ decimal = '.', thousands }: ColumnFormat): ((text: string) => string | undefined) => {
  if (decimal === '.' && thousands === undefined) return text => text
  const digits = thousands === undefined ? '\\d+' : `(?:\\d{1,3}(?:\\${thousands}\\d{3})+|\\d+)`
  const form = new RegExp(`^[+-]?${digits}(?:\\${decimal}\\d+)?(?:[eE][+-]?\\d+)?$`)
  return text => {
    if (!form.test(text)) return undefined
    const bare = thousands === undefined ? text : text.replaceAll(thousands, '')
    return decimal === '.' ? bare : bare.replace(decimal, '.')
  }
}

const whole = (format: ColumnFormat, least: bigint, most: bigint, expected: string): Typed => {
  const plain = plainNumber(format)
  return {
    expected: `${expected}${shaped(format, '')}`,
    read: text => {
      const found = plain(text)
      if (found === undefined || !/^[+-]?\d{1,40}$/.test(found)) return undefined
      if (found.length < 10 && /^[1-9]/.test(found)) return found
      const value = BigInt(found.replace(/^\+/, ''))
      return value < least || value > most ? undefined : String(value)
    },
  }
}

const double = (format: ColumnFormat): Typed => {
  const plain = plainNumber(format)
  return {
    expected: `a number${shaped(format)}`,
    read: text => {
      const found = plain(text)
      if (found === undefined || !/^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/.test(found)) return undefined
      const value = Number(found)
      return Number.isFinite(value) ? String(value) : undefined
    },
  }
}

/** In characters, leading zeros included. */
const longestNumber = 2_000

/** Digits past the scale are refused, not rounded. */
const decimal = (type: string, format: ColumnFormat): Typed => {
  const plain = plainNumber(format)
  const scaled = scaleOf(type)
  const fits = scaled ? ` of at most ${scaled.precision} digits, ${scaled.scale} of them after the point` : ''
  return {
    expected: `a number${fits}${shaped(format)}`,
    read: text => {
      const bare = plain(text)
      const found =
        bare !== undefined && bare.length <= longestNumber && /\d/.test(bare) && /^([+-]?)(\d*)(?:\.(\d*))?$/.exec(bare)
      if (!found) return undefined
      const [, sign, written = '', fraction = ''] = found
      const digits = written.replace(/^0+/, '')
      const kept = fraction.replace(/0+$/, '')
      if (scaled && (kept.length > scaled.scale || digits.length > scaled.precision - scaled.scale)) return undefined
      if (digits.length + kept.length > 1000) return undefined
      const value = `${digits || '0'}${kept === '' ? '' : `.${kept}`}`
      return sign === '-' && value !== '0' ? `-${value}` : value
    },
  }
}

const shaped = ({ decimal, thousands }: ColumnFormat, point: string | undefined = decimal): string => {
  const said = [
    ...(point === ',' ? ["',' as the decimal sign"] : []),
    ...(thousands === undefined ? [] : [`'${thousands}' between thousands`]),
  ]
  return said.length === 0 ? '' : ` with ${said.join(' and ')}`
}

const boolean = ({
  true: yes = ['true', 't', 'yes', 'y', '1'],
  false: no = ['false', 'f', 'no', 'n', '0'],
}: ColumnFormat): Typed => {
  const words = new Map([
    ...no.map(word => [word.toLowerCase(), 'f'] as const),
    ...yes.map(word => [word.toLowerCase(), 't'] as const),
  ])
  return { expected: `one of ${[...yes, ...no].join(', ')}`, read: text => words.get(text.toLowerCase()) }
}

const time = (type: 'date' | 'timestamp' | 'timestamptz', { pattern, timezone }: ColumnFormat): Typed => {
  const by: ReadDate = pattern === undefined ? isoDates : datesBy(pattern)
  const like =
    pattern ?? { date: 'YYYY-MM-DD', timestamp: 'YYYY-MM-DD HH:mm:ss', timestamptz: 'YYYY-MM-DDTHH:mm:ssZ' }[type]
  return {
    expected: `a ${type === 'date' ? 'date' : 'time'} like ${like}`,
    read: text => {
      const found = by(text)
      if (!found) return undefined
      if (type === 'date') return pattern === undefined && text.length > 10 ? undefined : found.date
      if (type === 'timestamp') return found.offset === null ? `${found.date} ${found.time}` : undefined
      const offset = found.offset ?? timezone
      return offset === undefined ? undefined : `${found.date} ${found.time}${offset}`
    },
  }
}

const uuid = (text: string): string | undefined =>
  /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(text) ? text.toLowerCase() : undefined

/** `jsonb` has no NUL and no half of a surrogate pair. */
const json = (text: string): string | undefined => {
  try {
    const written = JSON.stringify(JSON.parse(text))
    return /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/.test(written) ? undefined : text
  } catch (error) {
    // What nests too deep to be written is no value either.
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined
    throw error
  }
}
