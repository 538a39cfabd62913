/** 12,345. */
export const number = (value: number): string => value.toLocaleString('en-US', { maximumFractionDigits: 1 })

/** A time as the reader's clock has it. */
export const time = (iso: string | null): string => (iso === null ? '' : new Date(iso).toLocaleString())

/** `3 of 12`, or `3` where nobody knows of how many. */
export const share = (done: number, total: number | null): string =>
  total === null ? number(done) : `${number(done)} of ${number(total)}`
