import type { Layer } from './layers.ts'
import type { Setting } from './settings.ts'

/** A setting that some layer set: its value, validated, and the layer. */
export interface Found {
  readonly setting: Setting
  readonly value: unknown
  readonly layer: Layer
}

/** One that does not do as it stands, and the end of the sentence "it …". */
export interface Misfit {
  readonly found: Found
  readonly must: string
}
