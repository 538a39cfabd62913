import type { Readable } from 'node:stream'

/** A file that a user sent. Paths are relative to the uploads of its knowledge base, with '/'. */
export interface Upload {
  readonly path: string
  readonly bytes: number
  readonly modified_at: string
}

export interface UploadPage {
  readonly uploads: readonly Upload[]
  /** The last path of the page; null after the last page. */
  readonly next: string | null
}

/** Why a file is not kept, or not found; the message is a sentence that says what to do. */
export class UploadRefusal extends Error {
  override readonly name = 'UploadRefusal'
  readonly code: 'upload_too_large' | 'upload_quota' | 'disk_full' | 'path_taken' | 'upload_incomplete'
  constructor(code: UploadRefusal['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

export const tooLarge = (maxBytes: number): UploadRefusal =>
  new UploadRefusal(
    'upload_too_large',
    `The file has more than ${maxBytes} bytes. Split it, or raise PENSTOCK_MAX_UPLOAD_BYTES.`,
  )

/** The port to the files that users sent, by knowledge base. */
export interface Uploads {
  /** Bytes of the largest file that is taken. */
  readonly maxBytes: number
  /**
   * Keeps a file in place of one of the same path, all of it or nothing: until it has all arrived, the one before stays.
   * `announced` is its length in bytes where that is known before it arrives, else 0. `arrived` is waited for before the
   * file goes to its place; where it throws, nothing is kept. Throws UploadRefusal.
   */
  put(
    kb: string,
    path: string,
    content: Readable,
    announced?: number,
    arrived?: () => Promise<void>,
  ): Promise<{ readonly bytes: number; readonly sha256: string }>
  /** In the order of their paths, those after `after`. */
  list(kb: string, page: { readonly limit: number; readonly after: string | null }): Promise<UploadPage>
  /** False where there is no such file. */
  delete(kb: string, path: string): Promise<boolean>
}

/** Deleting all files of a knowledge base. */
export interface UploadRemoval {
  /** Takes all files of a knowledge base out of sight, in one move. */
  putAway(kb: string): Promise<void>
  /** Deletes what was put away, by processes that were killed since as well. */
  clear(): Promise<void>
}
