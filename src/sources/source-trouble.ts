/** A source did not answer as it should, and may do so when it is asked again. */
export class SourceTrouble extends Error {
  override readonly name = 'SourceTrouble'
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}
