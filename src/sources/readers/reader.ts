import { Reject } from '../../runtime/errors.ts'
import { isNotText, textOf } from '../file-text.ts'
import type { InputOf, OutputOf } from '../parsing/parsers.ts'
import type { OwnParsers } from '../parsing/table.ts'
import type { SourceDocument } from '../source.ts'

/** What a file says in itself: everything of a document but its uri. */
export type Content = Omit<SourceDocument, 'uri'>

export interface FileBytes {
  readonly path: string
  readonly bytes: Buffer
}

/** Makes a document of the bytes of a file. What has a structure of its own goes to `parse`. Throws a Reject. */
export type ReadFile = (file: FileBytes, parse: Parse) => Promise<Content>

/** Runs a parser on the file or a part of it. Throws what `Parsers.parse` throws. */
export type Parse = <N extends keyof OwnParsers>(
  parser: N,
  input: InputOf<OwnParsers, N>,
) => Promise<OutputOf<OwnParsers, N>>

/** The text of a file that is to be one: UTF-8, or UTF-16 by its mark. Throws a Reject for what is none. */
export const textIn = ({ bytes, path }: FileBytes): string => {
  const text = textOf(bytes, path)
  if (isNotText(text)) throw new Reject(text.code, text.message)
  return text
}
