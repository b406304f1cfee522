import type { PastRelease } from '../../domain/release/past-release.ts'

/** How a check that only warned would have done, had it had a say. Plain JSON. */
export interface WarningScore {
  readonly check: string
  /** Past releases of whose plan it was a check that only warned. */
  readonly releases: number
  /** How many of these it would have stopped, and how many of those were promoted and stayed. */
  readonly failed: number
  readonly wrong: number
  /** `orders: would have rolled back 2 of 14 releases, both wrong`. */
  readonly summary: string
}

/**
 * What the ledgers of past releases say of each check that only warned in them. A release that was promoted is taken for
 * good: stopping it would have been wrong.
 */
export function warningScores(releases: readonly PastRelease[]): readonly WarningScore[] {
  return [...scoresOf(releases, 'failures'), ...scoresOf(releases, 'missing data')]
}

function scoresOf(releases: readonly PastRelease[], of: 'failures' | 'missing data'): readonly WarningScore[] {
  const isBlind = of === 'missing data'
  const checksOf = ({ warned }: PastRelease) => (isBlind ? warned?.blind : warned?.checks) ?? []
  const names = [...new Set(releases.flatMap(checksOf))]
  const scores = names.map((check) => {
    const watched = releases.filter((release) => checksOf(release).includes(check))
    const entriesOf = ({ warned }: PastRelease) =>
      warned?.entries.filter((entry) => entry.check === check && (entry.isBlind === true) === isBlind) ?? []
    const failed = watched.filter((release) => entriesOf(release).length > 0)
    const wrong = failed.filter(({ outcome }) => outcome === 'promoted').length
    const pauses = failed.length > 0 && failed.every((release) => entriesOf(release)[0]?.would === 'pause')
    const many = `${failed.length} of ${watched.length} ${watched.length === 1 ? 'release' : 'releases'}`
    const judged = failed.length === 0 ? '' : `, ${wrongText(failed.length, wrong)}`
    const summary = `${check}${isBlind ? ', without data' : ''}: would have ${pauses ? 'paused' : 'rolled back'} ${many}${judged}`
    return { check, releases: watched.length, failed: failed.length, wrong, summary }
  })
  // That a check always had its data is no news.
  return isBlind ? scores.filter(({ failed }) => failed > 0) : scores
}

function wrongText(failed: number, wrong: number): string {
  if (wrong === 0) return failed === 1 ? 'and rightly' : failed === 2 ? 'both rightly' : 'all rightly'
  if (wrong < failed) return `${wrong} of them wrong`
  return wrong === 1 ? 'and wrongly' : wrong === 2 ? 'both wrong' : 'all wrong'
}
