import { isUtf8 } from 'node:buffer'
import { hash } from 'node:crypto'
import { parse } from 'yaml'
import type { FileOpener } from '../file-opener.ts'
import { FileRefusal } from '../file-refusal.ts'
import type { SourceMistake } from '../kind.ts'
import { type Mapping, mapping as schema } from '../specs/mapping.ts'
import type { StructuredSpec } from '../specs/structured.ts'

/** A mapping, with what tells one from another. */
export interface LoadedMapping {
  readonly mapping: Mapping
  readonly hash: string
}

const mostBytes = 1024 * 1024

/** The mapping of a source, or what is wrong with it; paths are those in the source. */
export const mappingOf = async (
  opener: FileOpener,
  { mapping, mapping_file }: StructuredSpec,
): Promise<LoadedMapping | readonly SourceMistake[]> => {
  if (mapping !== undefined) return { mapping, hash: hashOf(mapping) }
  const wrong = (message: string) => [{ path: 'mapping_file', message }]
  try {
    const { bytes } = await opener.read(opener.absolute(mapping_file!))
    if (bytes.length > mostBytes) return wrong(`has ${bytes.length} bytes; a mapping has at most ${mostBytes}`)
    if (!isUtf8(bytes)) return wrong('is not valid UTF-8')
    const parsed = schema.safeParse(parse(bytes.toString('utf8'), { maxAliasCount: 0, schema: 'core' }))
    if (parsed.success) return { mapping: parsed.data, hash: hashOf(parsed.data) }
    return parsed.error.issues.map(issue => ({
      path: 'mapping_file',
      message: `${pathOf(issue.path)} ${lowered(issue.message)}`,
    }))
  } catch (error) {
    if (error instanceof FileRefusal) return wrong(error.message)
    if (error instanceof Error && error.name.startsWith('YAML')) return wrong(`is no YAML: ${error.message}`)
    if (error instanceof ReferenceError) return wrong(`is refused: ${error.message}`)
    throw error
  }
}

export const isMapping = (found: LoadedMapping | readonly SourceMistake[]): found is LoadedMapping => 'mapping' in found

const hashOf = (mapping: Mapping): string => hash('sha256', JSON.stringify(mapping)).slice(0, 16)

/** `tables[0].columns[2].type`. */
export const pathOf = (path: readonly PropertyKey[]): string =>
  path
    .map(key => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./, '') || 'the mapping'

const lowered = (message: string): string => message.replace(/^[A-Z]/, letter => letter.toLowerCase())
