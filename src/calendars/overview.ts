import { type CalendarPage, type WindowRule, type WindowState, windowState } from '../domain/calendar/window-rule.ts'
import { errorLine, SluiceError } from '../domain/errors.ts'
import type { Instant } from '../domain/units.ts'
import type { Calendars } from './calendars.ts'

/** How a window, a freeze or the freezes of a target stand; `problem`: they cannot be read, and count as closed. */
type StandingOf = WindowState & { readonly problem: string | null }

/** Looks at many rules at one moment; each calendar is read once. */
export function createOverview({ pagesOf }: Pick<Calendars, 'pagesOf'>, at: Instant): (rule: WindowRule) => StandingOf {
  const read = new Map<string, CalendarPage>()
  const { whole } = pagesOf({ only: [], freeze: [] }, at)

  function pageOf(kind: 'only' | 'freeze', name: string): CalendarPage {
    const key = `${kind} ${name}`
    const known = read.get(key)
    if (known !== undefined) return known
    const [page] = pagesOf({ only: [], freeze: [], [kind]: [name] }, at)[kind]
    if (page === undefined) throw new Error(`the calendar ${name} was asked for and did not answer`)
    read.set(key, page)
    return page
  }

  return ({ only, freeze }) => {
    try {
      const pages = {
        only: only.map((name) => pageOf('only', name)),
        freeze: freeze.map((name) => pageOf('freeze', name)),
      }
      return { ...windowState({ whole, ...pages }, at), problem: null }
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error
      const problem = errorLine(error)
      return { isOpen: false, frozenBy: [], opensAt: null, closesAt: null, problem }
    }
  }
}
