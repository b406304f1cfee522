import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { formatStanding } from '../src/analysis/explain.ts'
import { armNames } from '../src/domain/arm-names.ts'
import { wayBack, withFlags } from '../src/domain/exposure.ts'
import type { ReleaseEvent } from '../src/domain/release/release-events.ts'
import { reduce } from '../src/domain/release/release-reducer.ts'
import { beginState } from '../src/domain/release/release-state.ts'
import { arm, errorCheck, look, verdictsOver } from './analysis/judges/looks.ts'
import { withoutComments } from './support/imports.ts'

function filesIn(folder: string, ending: string): readonly (readonly [string, string])[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith(ending))
  return files.map((file) => [join(folder, file), readFileSync(join(folder, file), 'utf8')] as const)
}

const CODE = filesIn('src', '.ts').map(([file, text]) => [file, withoutComments(text)] as const)
const PAGES = [...filesIn('docs', '.md'), ['README.md', readFileSync('README.md', 'utf8')] as const]

/** What people read of an error or a verdict, as it is written in the code. */
const SENTENCE = /\b(?:message|fix|reason|problem|expected|received|error)\b: (['`])((?:\\.|(?!\1).)*)\1/g
const SENTENCES = CODE.flatMap(([file, text]) =>
  [...text.matchAll(SENTENCE)].map(([, , said = '']) => ({ file, said })).filter(({ said }) => said.includes(' ')),
)
const NAMES =
  /^(?:Argo|Authorization|CEL|HAProxy|HTTP|JSON|Kayenta|LaunchDarkly|Node|Prometheus|SLUICE_|Slack|Sluice|TEMPORAL_|Temporal|Unleash|YAML)/

describe('what people read', () => {
  it('is there', () => {
    expect(SENTENCES.length).toBeGreaterThan(200)
  })

  it('begins in lower case, unless it begins with a name', () => {
    expect(SENTENCES.filter(({ said }) => /^[A-Z]/.test(said) && !NAMES.test(said))).toEqual([])
  })

  it('has no full stop at its end', () => {
    expect(SENTENCES.filter(({ said }) => /[^.]\.$/.test(said))).toEqual([])
  })

  it('says what to do where it is a fix, and not that something is to be corrected', () => {
    expect(SENTENCES.filter(({ said }) => /^(?:correct (?:it|the|them|these)|see that)\b/.test(said))).toEqual([])
  })

  it('writes per cent in one way, in code and on pages', () => {
    const readsBoth = 'src/domain/units.ts'
    const spaced = [...filesIn('src', '.ts'), ...PAGES].filter(([file]) => file !== readsBoth)
    expect(spaced.filter(([, text]) => /[\d}][ \u00a0]%(?!\s*[\w(])/.test(text)).map(([file]) => file)).toEqual([])
  })
})

/** A sentence with every number taken out: `errors #% on # against #% on #`. */
const shapeOf = (said: string) =>
  said
    .replace(/\s+/g, ' ')
    .replace(/\d[\d.,]*(?<![.,])/g, '#')
    .replace(/(?:#[dhms] )*#[dhms]\b/g, 'T')
    // Which pool is stable is the last release's doing.
    .replace(/\b(blue|green)\b/g, 'POOL')
    // A few events leave an interval open.
    .replace(/at least # times as many \(/, '# to # times as many (')

/** The lines that these events leave, as they are shown. */
function storyOf(...events: readonly ReleaseEvent[]): readonly string[] {
  const begin = beginState('release/checkout/production/7')
  return events.reduce(reduce, begin).trail.map(({ text }) => text)
}

const FAILURE = verdictsOver(
  errorCheck({ notWorseThan: 1.5, alpha: 0.005 }),
  [0, 1, 2, 3, 4, 5]
    .map((index) => look(index, arm(50, 2), arm(1_950, 10)))
    .map((input) => ({ ...input, names: armNames('2.5.0', '2.4.0') })),
)
const reason = FAILURE.at(-1)?.reason ?? ''
const at = 0
const first = { weight: 500, cohorts: ['internal'] }
const back = { weight: 0, cohorts: [] }
const flagged = withFlags(first, { 'gift-cards': { weight: 10_000, cohorts: [] } })
const STORY = [
  [first, back],
  [flagged, wayBack(back, flagged)],
].flatMap(([exposure = first, behind = back]) =>
  storyOf(
    { type: 'baseline-recorded', at, roles: { stable: 'green', canary: 'blue' }, exposure: back },
    { type: 'exposure-wanted', at, step: 1, exposure },
    { type: 'exposure-confirmed', at, exposure },
    { type: 'abandoned', at, cause: 'failed-check', by: 'guard', reason },
    { type: 'rollback-wanted', at },
    { type: 'exposure-confirmed', at, exposure: behind },
    { type: 'rolled-back', at },
  ),
)

describe('the sentences that pages quote', () => {
  const quoted = PAGES.flatMap(([file, text]) =>
    // A line of a story with its further lines, which stand further in.
    [...text.matchAll(/^ +\d\d:\d\d:\d\dZ? {2}(.*(?:\n {8,}\S.*)*)/gm)].map(([, line = '']) => ({ file, line })),
  )
  const verdicts = PAGES.flatMap(([file, text]) =>
    [...text.matchAll(/^> (errors \d.*(?:\n> .*)*)/gm)].map(([, said = '']) => ({
      file,
      said: said.replaceAll('\n>', ''),
    })),
  )

  it('are there', () => {
    expect(quoted.length).toBeGreaterThan(5)
    expect(verdicts.length).toBeGreaterThan(0)
  })

  it('are lines of a story as releases tell it', () => {
    const known = STORY.map(shapeOf)
    expect(quoted.filter(({ line }) => !known.includes(shapeOf(line)))).toEqual([])
  })

  it('are verdicts as the judges word them', () => {
    expect(verdicts.filter(({ said }) => shapeOf(said) !== shapeOf(reason))).toEqual([])
    const standing = formatStanding(Math.log(3), Math.log(300), 'fails')
    expect(PAGES.some(([, text]) => text.replace(/\s+/g, ' ').includes(standing))).toBe(true)
  })
})
