/** Why a path is not read: `code` is one of the codes below, the message a sentence that names the path. */
export class FileRefusal extends Error {
  override readonly name = 'FileRefusal'
  readonly code: FileRefusalCode
  constructor(code: FileRefusalCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

export type FileRefusalCode =
  | 'outside_roots'
  | 'source_gone'
  | 'file_gone'
  | 'unreadable'
  | 'not_a_file'
  | 'file_too_large'
  | 'file_changed'
