import { CHECK_KINDS } from '../analysis/checks/index.ts'
import type { Plan } from '../domain/plan/plan.ts'
import { timelineOf } from '../domain/plan/plan-timeline.ts'
import { FULL_WEIGHT, formatDuration, type Milliseconds } from '../domain/units.ts'
import type { Simulation } from '../simulation/simulate.ts'

const WIDTH = 760
const HEIGHT = 360
const FRAME = { left: 56, right: 16, top: 44, bottom: 44 }

/**
 * A simulation as an SVG picture: who has the new version over the time of the plan, and below it how many of the bad releases
 * were stopped by then.
 */
export function drawSimulation(plan: Plan, { bad, good, traffic }: Simulation): string {
  const { rows, planned } = timelineOf(plan, CHECK_KINDS)
  const end = Math.max(planned, bad.stops.at(-1) ?? 0, good.promotedAfter?.most ?? 0, 1)
  const x = (time: Milliseconds) => FRAME.left + (time / end) * (WIDTH - FRAME.left - FRAME.right)
  const y = (share: number) => HEIGHT - FRAME.bottom - share * (HEIGHT - FRAME.top - FRAME.bottom)
  const weights = rows.map(({ start, exposure }) => ({ time: start, share: exposure.weight / FULL_WEIGHT }))
  const stops = bad.stops.map((time, index) => ({ time, share: (index + 1) / bad.releases }))
  const title = `${plan.service} in ${plan.environment}: ${bad.releases} bad releases at ${Number(traffic.requestsPerSecond.toPrecision(3))} requests/s`
  const stopped = `${bad.releases - bad.promoted} of ${bad.releases} were stopped`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" font-family="sans-serif" font-size="12">`,
    `<title>${escaped(title)}</title><desc>${escaped(stopped)}</desc>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    text(FRAME.left, 18, title, '#111', 'start', 14),
    ...[0, 0.25, 0.5, 0.75, 1].flatMap((share) => [
      `<line x1="${FRAME.left}" x2="${WIDTH - FRAME.right}" y1="${y(share)}" y2="${y(share)}" stroke="#ddd"/>`,
      text(FRAME.left - 6, y(share) + 4, `${share * 100}%`, '#555', 'end'),
    ]),
    ...[0, 0.25, 0.5, 0.75, 1].map((part) => {
      const anchor = part === 1 ? 'end' : part === 0 ? 'start' : 'middle'
      return text(
        x(part * end),
        HEIGHT - FRAME.bottom + 18,
        formatDuration(Math.round((part * end) / 1_000) * 1_000),
        '#555',
        anchor,
      )
    }),
    stairs(weights, end, x, y, '#1f6feb', ''),
    stairs(stops, end, x, y, '#c4320a', ' stroke-dasharray="6 3"'),
    text(FRAME.left, 36, '— on the new version, by plan', '#1f6feb'),
    text(FRAME.left + 210, 36, `- - bad releases stopped: ${stopped}`, '#c4320a'),
    '</svg>',
    '',
  ].join('\n')
}

interface Point {
  readonly time: Milliseconds
  readonly share: number
}

/** A line that keeps its height until the next point. */
function stairs(
  points: readonly Point[],
  end: Milliseconds,
  x: (time: Milliseconds) => number,
  y: (share: number) => number,
  color: string,
  more: string,
): string {
  let path = `M${x(0).toFixed(1)} ${y(0).toFixed(1)}`
  for (const { time, share } of points) path += ` H${x(time).toFixed(1)} V${y(share).toFixed(1)}`
  return `<path d="${path} H${x(end).toFixed(1)}" fill="none" stroke="${color}" stroke-width="2"${more}/>`
}

function text(x: number, y: number, said: string, color: string, anchor = 'start', size = 12): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" fill="${color}" text-anchor="${anchor}" font-size="${size}">${escaped(said)}</text>`
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
