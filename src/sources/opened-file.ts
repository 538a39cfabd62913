/** A file that is read piece by piece. */
export interface OpenedFile {
  readonly uri: string
  readonly size: number
  /** Changes when the file is replaced or written to. */
  readonly identity: string
  /** The bytes from `position` on, as many as asked for; fewer at the end of the file, which is that of `size`. */
  read(position: number, length: number): Promise<Buffer>
  close(): Promise<void>
}

/** By what the file was when it was opened. */
export const identityOf = (found: Readonly<Record<'dev' | 'ino' | 'size' | 'mtimeMs', number>>): string =>
  `${found.dev}-${found.ino}-${found.size}-${found.mtimeMs}`
