/** A value that its schema does not allow (`invalid_value`), or bytes that no known schema wrote (`undecodable`). */
export class CodecError extends Error {
  override readonly name = 'CodecError'
  readonly code: 'invalid_value' | 'undecodable'
  /** The fields that are wrong, as `metadata.title`; empty for bytes. */
  readonly paths: readonly string[]
  constructor(code: CodecError['code'], message: string, paths: readonly string[] = [], options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.paths = paths
  }
}
