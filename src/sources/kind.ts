import type { ReadableSource, SourcesOf } from './source.ts'
import type { SourceSpec, SourceType } from './spec.ts'

/** What is wrong with a source that its schema cannot see; `path` is that of the field, relative to the source. */
export interface SourceMistake {
  readonly path: string
  readonly message: string
}

/** A type of sources: how one of it is named, asked about at admission, and opened. */
export interface SourceKind<S extends SourceSpec = SourceSpec> {
  /**
   * Identity inside a kb: what it is and where, not how it is filtered, so that narrowing it keeps the documents that
   * stay. Readable, because search can filter by it: `markdown:/srv/docs`.
   */
  id(spec: S): string
  /**
   * Whether it can be read, as far as that can be seen before it is; no mistake means so. A run asks again. The knowledge
   * base is null where it is not known.
   */
  check(spec: S, kb: string | null): Promise<readonly SourceMistake[]>
  open(spec: S, of: SourcePlace): ReadableSource
}

/** Which source of which job is opened. */
export interface SourcePlace {
  readonly job: SourcesOf
  readonly index: number
}

/** Every type that specs can have, by its name. */
export type SourceKinds = { readonly [T in SourceType]: SourceKind<Extract<SourceSpec, { readonly type: T }>> }

/** The kind of a spec. */
export const kindOf = (kinds: SourceKinds, { type }: SourceSpec): SourceKind => kinds[type] as SourceKind
