const longest = 1024

/** What the information dictionary of a PDF says: title, and metadata author, subject, keywords, created, modified. */
export const infoOf = (info: Readonly<Record<string, unknown>>) => {
  const metadata: Record<string, string> = {}
  const say = (key: string, value: string | null) => {
    if (value !== null && value !== '') metadata[key] = value
  }
  say('author', textOf(info.Author))
  say('subject', textOf(info.Subject))
  say('keywords', textOf(info.Keywords))
  say('created', dateOf(info.CreationDate))
  say('modified', dateOf(info.ModDate))
  say('language', textOf(info.Language))
  return { title: titleOf(textOf(info.Title) ?? ''), metadata }
}

const textOf = (value: unknown): string | null =>
  typeof value === 'string'
    ? value
        .replaceAll('\0', '')
        .replace(/\s+/g, ' ')
        .trim()
        .toWellFormed()
        .slice(0, longest)
        .replace(/[\uD800-\uDBFF]$/, '')
    : null

/** What a program wrote for want of a title is none. */
const titleOf = (title: string): string => {
  const named = title.replace(/^Microsoft (?:Word|PowerPoint|Excel) - /, '')
  return /^(?:untitled.*|\(.*\)|.*\.(?:docx?|dvi|tex|indd|pptx?|xlsx?|qxd|rtf|odt|ps|fm))$/i.test(named) ? '' : named
}

/** `D:20230102120621+01'00'` as ISO 8601; what it leaves out is left out. */
export const dateOf = (value: unknown): string | null => {
  const parts = typeof value === 'string' ? /^(?:D:)?(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?/.exec(value) : null
  if (!parts) return null
  const [whole, year, month, day, hour, minute, second] = parts
  const date = [year, month, day].filter(Boolean).join('-')
  if (hour === undefined || minute === undefined) return date
  const [, sign, hours, minutes] = /^([+-])(\d\d)'?(\d\d)?/.exec((value as string).slice(whole.length)) ?? []
  const zone = sign ? `${sign}${hours}:${minutes ?? '00'}` : (value as string)[whole.length] === 'Z' ? 'Z' : ''
  return `${date}T${hour}:${minute}:${second ?? '00'}${zone}`
}
