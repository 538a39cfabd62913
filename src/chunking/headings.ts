/**
 * The headings in force at a place in a text, one slot a level, '' where a level is skipped. As a record carries them
 * (`Document.heading_path`), trailing empty slots are left out, so that the level of each stays known.
 */
export type HeadingSlots = readonly string[]

const levels = 6

/** The slots after a heading: it takes its level and ends the deeper ones. */
export const withHeading = (slots: HeadingSlots, level: number, title: string): HeadingSlots => {
  const next = slots.slice(0, Math.min(level, levels) - 1)
  while (next.length < level - 1) next.push('')
  next.push(title)
  return next
}

/** What holds for a whole range: the slots at its start above the highest heading inside it. */
export const commonSlots = (slots: HeadingSlots, highestInside: number): HeadingSlots =>
  slots.slice(0, Math.max(0, highestInside - 1))

/** As shown to people: without the skipped levels. */
export const headingPath = (slots: HeadingSlots): string[] => slots.filter(title => title !== '')

const longestTitle = 200

/** A heading as plain text: link texts, alternative texts and code stay, marks, tags and anchors go. */
export const plainTitle = (raw: string): string =>
  raw
    .slice(0, 4 * longestTitle)
    .replace(/[ \t]*\{#[^{}]*\}[ \t]*$/, '')
    .replace(/!?\[([^[\]]*)\](?:\([^()]*\)|\[[^[\]]*\])/g, '$1')
    .replace(/<\/?[a-zA-Z][^<>]*>/g, '')
    .replace(/`+|(?<!\\)\*+|(?<![\p{L}\p{N}])_+|_+(?![\p{L}\p{N}])/gu, '')
    .replace(/\\([!-/:-@[-`{-~])/g, '$1')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, longestTitle)
    .replace(/[\uD800-\uDBFF]$/, '')
