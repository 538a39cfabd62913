import { closeSync, existsSync, fstatSync, openSync, readSync, renameSync, statSync } from 'node:fs'

const largest = 8 * 1024 * 1024
const tail = 8 * 1024

/** Puts a log that has grown large aside, in place of the one put aside before. */
export const rotateLog = (file: string): void => {
  if (existsSync(file) && statSync(file).size > largest) renameSync(file, `${file}.1`)
}

/** The last lines of a log, for an error message; empty if there is none. */
export const lastLines = (file: string, lines = 15): string => {
  if (!existsSync(file)) return ''
  const fd = openSync(file, 'r')
  try {
    const { size } = fstatSync(fd)
    const buffer = Buffer.alloc(Math.min(size, tail))
    readSync(fd, buffer, 0, buffer.length, size - buffer.length)
    return buffer.toString('utf8').trimEnd().split('\n').slice(-lines).join('\n')
  } finally {
    closeSync(fd)
  }
}
