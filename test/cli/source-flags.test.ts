import { describe, expect, it } from 'vitest'
import { UsageError } from '../../src/cli/context.ts'
import { type SourceFlags, sourcesOf } from '../../src/cli/source-flags.ts'

const of = (sources: readonly string[], flags: SourceFlags) => sourcesOf({ cwd: '/here' }, sources, flags)
const site = 'https://example.org'
const video = 'https://youtu.be/x'

describe('the flags of sources', () => {
  it('make a table of a file with a mapping', () => {
    const structured = { type: 'structured', path: '/here/x.csv', mapping_file: '/here/m.yaml' }
    expect(of(['x.csv'], { mapping: 'm.yaml' })).toEqual([structured])
  })

  it('that are of a website or of videos may stand where other sources are named too', () => {
    expect(of([site, video, 'docs'], { depth: 3, maxPages: 5, language: ['de'] })).toEqual([
      { type: 'website', urls: [site], max_depth: 3, max_pages: 5 },
      { type: 'youtube', videos: [video], languages: ['de'] },
      { type: 'markdown', path: '/here/docs' },
    ])
  })

  it('say of a crawl, of videos and of tables what the API takes', () => {
    const crawl = { host: ['a.org'], sitemap: [`${site}/map.xml`], rate: 0.5, ignoreRobots: true } as const
    expect(of([site], crawl)).toEqual([
      {
        type: 'website',
        urls: [site],
        hosts: ['a.org'],
        sitemaps: [`${site}/map.xml`],
        rate: 0.5,
        respect_robots: false,
      },
    ])
    expect(of([site], { withoutSitemaps: true })).toEqual([{ type: 'website', urls: [site], sitemaps: false }])
    expect(of([video], { withoutGenerated: true })).toEqual([{ type: 'youtube', videos: [video], generated: false }])
    const structured = { type: 'structured', path: '/here/x', mapping_file: '/here/m', max_bad_rows: 5 }
    expect(of(['x'], { mapping: 'm', maxBadRows: 5 })).toEqual([structured])
  })

  it('with a mapping make tables of uploads, of which the mapping is one', ({ expect }) => {
    const source = { type: 'structured', uploads: true, mapping_file: 'maps/m.yaml' }
    expect(of([], { mapping: 'maps/m.yaml', uploads: true })).toEqual([source])
  })

  const globs = '--%s is for sources of type markdown, local_files, pdf, website; '
  const include = globs.replace('%s', 'include')
  it.each<[readonly string[], SourceFlags, string]>([
    [[site], { mapping: 'm' }, `--mapping is for sources of type structured; '${site}' is of type website`],
    [['x', site], { mapping: 'm' }, `--mapping is for sources of type structured; '${site}' is of type website`],
    [['x'], { mapping: 'm', type: 'pdf' }, "--mapping is for sources of type structured; 'x' is of type pdf"],
    [
      [],
      { mapping: 'm', uploads: true, type: 'pdf' },
      '--mapping is for sources of type structured; what --uploads reads is of type pdf',
    ],
    [['x'], { mapping: 'm', include: ['*'] }, `${include}'x' is of type structured`],
    [[video], { include: ['*'] }, `${include}'${video}' is of type youtube`],
    [[video, 'x'], { exclude: ['*'] }, `${globs.replace('%s', 'exclude')}'${video}' is of type youtube`],
    [[video], { maxPages: 3 }, `--max-pages is for sources of type website; '${video}' is of type youtube`],
    [[site, 'x'], { language: ['de'] }, `--language is for sources of type youtube; '${site}' is of type website`],
    [
      ['x'],
      { depth: 3, language: ['de'] },
      "--depth is for sources of type website; 'x' is of type markdown. " +
        "--language is for sources of type youtube; 'x' is of type markdown",
    ],
    [[site], { maxBadRows: 5 }, `--max-bad-rows is for sources of type structured; '${site}' is of type website`],
    [['x'], { ignoreRobots: true }, "--ignore-robots is for sources of type website; 'x' is of type markdown"],
    [[site], { sitemap: ['x'], withoutSitemaps: true }, '--sitemap and --without-sitemaps exclude each other'],
    [[], { type: 'events', include: ['*'] }, `${include}the stream is of type events`],
    [[], { type: 'events', uploads: true }, 'events are published by upstream systems: no source is named'],
  ])('that would do nothing are named, with the type: %j %j', (sources, flags, sentence) => {
    expect(() => of(sources, flags)).toThrow(new UsageError(sentence))
  })
})
