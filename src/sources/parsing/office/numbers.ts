/** A number as a cell stores it, exactly, without an exponent; null for what is no number. */
export const plainNumber = (value: string): string | null => {
  if (value.length < 16 && /^-?\d+\.\d*[1-9]$/.test(value)) return value
  const text = value.trim()
  if (/^-?\d+$/.test(text)) return text
  const number = Number(text)
  return text === '' || !Number.isFinite(number) ? null : withoutExponent(number)
}

/** As it is shown rather than as floating point stores it, in 15 digits: 0.3, not 0.30000000000000004. */
export const shortNumber = (value: string): string => {
  if (value.length <= 15) return value
  const number = Number(value)
  return Number.isFinite(number) ? String(Number(number.toPrecision(15))) : value
}

/** The same for an exact number, whole ones as they are. */
export const shortPlain = (text: string): string =>
  text.length > 15 && text.includes('.') ? withoutExponent(Number(Number(text).toPrecision(15))) : text

const withoutExponent = (number: number): string => {
  const text = String(number)
  const found = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text)
  if (!found) return text
  const [, sign, first, more = '', exponent] = found
  const [digits, shift] = [`${first}${more}`, Number(exponent)]
  return shift < 0 ? `${sign}0.${'0'.repeat(-shift - 1)}${digits}` : `${sign}${digits.padEnd(shift + 1, '0')}`
}
