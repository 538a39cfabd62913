import { type SaxesAttributePlain, SaxesParser } from 'saxes'
import { messageOf, Reject } from '../../../runtime/errors.ts'

/** Elements and their text as they come, by local names, prefixes left off. */
export interface XmlHandlers {
  open?(name: string, attributes: Readonly<Record<string, string>>): void
  text?(text: string): void
  close?(name: string): void
  /** True when the rest is not wanted. */
  enough?(): boolean
}

/**
 * Reads XML piece by piece. Entities that the file itself defines are not known, and a document type is refused: no file
 * of an office has one. No pieces are no elements. Throws a Reject `broken_xml`.
 */
export const readXml = async (pieces: AsyncIterable<Buffer>, handlers: XmlHandlers): Promise<void> => {
  const parser = new SaxesParser<{ xmlns: false }>({ xmlns: false })
  const decoder = new TextDecoder()
  const fail = (why: string) => {
    throw new Reject('broken_xml', `its XML is not valid (${why}); save it anew`)
  }
  parser.on('error', error => fail(messageOf(error)))
  parser.on('doctype', () => fail('it has a document type'))
  parser.on('opentag', ({ name, attributes }) =>
    handlers.open?.(local(name), attributes as Record<string, SaxesAttributePlain['value']>),
  )
  parser.on('text', text => handlers.text?.(text))
  parser.on('cdata', text => handlers.text?.(text))
  parser.on('closetag', ({ name }) => handlers.close?.(local(name)))
  let any = false
  for await (const piece of pieces) {
    any = true
    parser.write(decoder.decode(piece, { stream: true }))
    if (handlers.enough?.()) return
  }
  if (any) parser.write(decoder.decode()).close()
}

const local = (name: string) => name.slice(name.indexOf(':') + 1)
