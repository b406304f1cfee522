/** What one map makes HAProxy do, whatever anybody thinks that it holds. */
export interface MapReading {
  /** Share of the second pool, in basis points: without the key nobody is on it. */
  readonly share: number
  /** Pins of cohorts, as `cohort=pool`, sorted. */
  readonly pins: readonly string[]
}

const COHORT = 'cohort:'

/** Reads the replies to one `show map` per service; null when there are not as many as services. */
export function readMaps(text: string, maps: readonly { readonly secondPool: string }[]): readonly MapReading[] | null {
  const replies = repliesIn(text)
  if (replies.length !== maps.length) return null
  return maps.map(({ secondPool }, index) => readMap(replies[index] ?? [], secondPool))
}

/** Each reply ends with an empty line; that of an empty map is the empty line alone. */
function repliesIn(text: string): readonly (readonly string[])[] {
  const replies: string[][] = []
  let lines: string[] = []
  for (const line of text.split('\n').slice(0, -1)) {
    if (line !== '') {
      lines.push(line)
      continue
    }
    replies.push(lines)
    lines = []
  }
  return replies
}

function readMap(lines: readonly string[], secondPool: string): MapReading {
  const entries = new Map<string, string>()
  for (const line of lines) {
    const [, key = '', value = ''] = line.split(' ')
    // Of a key that stands there twice the first one counts.
    if (key !== '' && !entries.has(key)) entries.set(key, value)
  }
  const pins = [...entries].flatMap(([key, pool]) =>
    key.startsWith(COHORT) ? [`${key.slice(COHORT.length)}=${pool}`] : [],
  )
  return { share: shareOf(entries.get(`share:${secondPool}`)), pins: pins.sort() }
}

/** HAProxy compares a bucket from 0 to 9999 with this number; what is none counts as 0. */
function shareOf(text: string | undefined): number {
  if (text === undefined || !/^-?\d+$/.test(text)) return 0
  return Math.min(10_000, Math.max(0, Number(text)))
}
