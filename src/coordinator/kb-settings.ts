import type { Submission } from './jobs.ts'

/** The port by which the API changes the settings of knowledge bases. */
export interface KbSettings {
  /** What is stated changes, all else stays; the job that is running goes on as it began. Null where there is no such one. */
  change(kbId: string, change: SettingsChange): Promise<SettingsChanged | null>
}

export interface SettingsChange {
  readonly chunking: { readonly [K in keyof Submission['chunking']]?: Submission['chunking'][K] | undefined }
}

export type SettingsChanged =
  | { readonly outcome: 'changed' }
  | { readonly outcome: 'deleting' }
  /** The overlap would be no smaller than the chunks; nothing was changed. */
  | { readonly outcome: 'overlap'; readonly chunking: Submission['chunking'] }
