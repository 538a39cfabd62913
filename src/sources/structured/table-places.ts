import { FileOpener } from '../file-opener.ts'
import type { SourceMistake } from '../kind.ts'
import type { StructuredSpec } from '../specs/structured.ts'
import { nothingUploaded, type UploadsPlace, uploadsOf } from '../uploaded.ts'
import { Sheets, type SheetsOptions } from './sheets.ts'
import type { TableFiles } from './table-file.ts'

/** A source of tables whose files have a place: `path`, and `mapping_file` where there is one, are for this opener. */
export interface PlacedTables {
  readonly files: TableFiles
  readonly spec: PlacedSpec
}

export type PlacedSpec = StructuredSpec & { readonly path: string }

export interface TablePlacesOptions extends SheetsOptions {
  readonly uploads: UploadsPlace
}

/** Where the files of tables are: below the allowed roots, or among the uploads of the knowledge base, mapping included. */
export class TablePlaces {
  readonly #files: TableFiles
  readonly #uploads: UploadsPlace
  readonly #uploadedSheets: Sheets

  constructor({ uploads, ...options }: TablePlacesOptions) {
    this.#files = { opener: options.opener, sheets: new Sheets(options) }
    this.#uploads = uploads
    const { folder, ...limits } = uploads
    this.#uploadedSheets = new Sheets({ ...options, opener: new FileOpener({ roots: [folder], ...limits }) })
  }

  /** What is missing of the uploads of a knowledge base, which is null where it is not known. */
  async missing({ path }: StructuredSpec, kb: string | null): Promise<readonly SourceMistake[]> {
    return path !== undefined ? [] : nothingUploaded(this.#uploads, kb)
  }

  /** Throws where uploads of no knowledge base are wanted. */
  of(spec: StructuredSpec, kb: string | null): PlacedTables {
    if (spec.path !== undefined) return { files: this.#files, spec: { ...spec, path: spec.path } }
    const { path, opener } = uploadsOf(this.#uploads, kb)
    return { files: { opener, sheets: this.#uploadedSheets }, spec: { ...spec, path } }
  }
}
