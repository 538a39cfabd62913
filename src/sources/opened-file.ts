/** A file that is read piece by piece. */
export interface OpenedFile {
  readonly uri: string
  readonly size: number
  /** Changes when the file is replaced or written to. */
  readonly identity: string
  /** The bytes from `position` on, as many as asked for; fewer at the end of the file, which is that of `size`. */
  read(position: number, length: number): Promise<Buffer>
  /** Whether it, or what its path names, is another than when it was opened. Throws FileRefusal where that is gone. */
  changed(): Promise<boolean>
  close(): Promise<void>
}

/** By what the file was when it was opened. */
export const identityOf = (found: Readonly<Record<'dev' | 'ino' | 'size' | 'mtimeMs', number>>): string =>
  `${found.dev}-${found.ino}-${found.size}-${found.mtimeMs}`

/** What of an open file is used to read it. */
interface Handle {
  read(into: Buffer, at: number, length: number, position: number): Promise<{ readonly bytesRead: number }>
}

/** As many bytes as the file had when it was opened: one that grows meanwhile does not pass the limit. */
export const contentOf = async (file: Handle, size: number, from = 0): Promise<Buffer> => {
  const bytes = Buffer.allocUnsafe(size)
  let filled = 0
  while (filled < size) {
    const { bytesRead } = await file.read(bytes, filled, size - filled, from + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return bytes.subarray(0, filled)
}
