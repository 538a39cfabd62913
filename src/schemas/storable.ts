/**
 * The text as PostgreSQL takes it, whatever came: U+0000, which it cannot hold, becomes U+FFFD, and so does a lone
 * surrogate, which is no character.
 */
export const storable = (text: string): string => text.replaceAll('\0', '\uFFFD').toWellFormed()
