/** A source did not answer as it should, and may do so when it is asked again. */
export class SourceTrouble extends Error {
  override readonly name = 'SourceTrouble'
  readonly code: string
  /** It is about one document: when it was asked for several times, the others go on without it. */
  readonly ofOne: boolean
  constructor(code: string, message: string, { ofOne = false } = {}) {
    super(message)
    this.code = code
    this.ofOne = ofOne
  }
}
