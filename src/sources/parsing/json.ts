import { messageOf } from '../../runtime/errors.ts'

/** JSON in lines, and why it is not valid where it is not. */
export interface JsonText {
  readonly text: string
  readonly error: string | null
}

const longest = 1024

/** JSON that stands in one line is laid out in several; with lines of its own it stays as it is. */
export const parseJson = (text: string): JsonText => {
  try {
    const value: unknown = JSON.parse(text)
    const inLines = text.trim().includes('\n')
    return { text: inLines || typeof value !== 'object' ? text : JSON.stringify(value, null, 2), error: null }
  } catch (error) {
    return { text, error: messageOf(error).slice(0, longest) }
  }
}
