import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
// Makes the engine's worker part of this process: without it, it would start a thread.
import 'pdfjs-dist/legacy/build/pdf.worker.mjs'
import { getDocument, type PDFDocumentProxy, VerbosityLevel } from 'pdfjs-dist/legacy/build/pdf.mjs'
import { messageOf, Reject } from '../../../runtime/errors.ts'

const engine = dirname(createRequire(import.meta.url).resolve('pdfjs-dist/package.json'))

/**
 * Opens a PDF for its text: nothing is drawn, fetched or run. Throws a Reject `encrypted_pdf` for one that wants a
 * password, `broken_pdf` for what the engine cannot read.
 */
export const openPdf = async (bytes: Uint8Array): Promise<PDFDocumentProxy> => {
  try {
    return await getDocument({
      ...{
        data: new Uint8Array(bytes),
        verbosity: VerbosityLevel.ERRORS,
        isEvalSupported: false,
        disableFontFace: true,
      },
      ...{ useSystemFonts: false, useWorkerFetch: false, useWasm: false, enableXfa: false, stopAtErrors: false },
      ...{ cMapUrl: `${join(engine, 'cmaps')}/`, cMapPacked: true },
      ...{ standardFontDataUrl: `${join(engine, 'standard_fonts')}/` },
    }).promise
  } catch (error) {
    throw asReject(error)
  }
}

/** What the engine throws about a file, as what is wrong with it; what else it throws is no fault of the file's. */
export const asReject = (error: unknown): unknown => {
  const name = error instanceof Error ? error.name : ''
  if (name === 'PasswordException')
    return new Reject('encrypted_pdf', 'it is encrypted and wants a password; save it without one', { cause: error })
  if (!damage.test(name)) return error
  return new Reject('broken_pdf', `it is damaged (${messageOf(error).replace(/\.$/, '')}); save it anew`, {
    cause: error,
  })
}

const damage = /^(?:InvalidPDF|Format|XRef|MissingData|UnknownError|ParserEOF|Response)/
