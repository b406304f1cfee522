import type { CommandVerb } from '../release/verbs.ts'

/** Whatever may be asked of a release or done by one, by the way that it goes. */
type Move = 'start' | 'raise' | 'lower' | 'roll-back' | CommandVerb

/** How the windows and freezes of a target stand; `closed`: outside its windows, `unreadable`: nobody can say. */
export type WindowsNow = 'open' | 'closed' | 'frozen' | 'unreadable'

/** Who asks: a person, a program, or a person whom the freeze allows to override it and who does. */
export type Asker = 'person' | 'program' | 'overriding'

/**
 * What windows and freezes say to a move. They only ever hold a way forward back: a start, and the raising of an exposure.
 * A command goes through in every cell, since none raises anything by itself; what it sets going waits at the next raise.
 */
export function leaveFor(move: Move, now: WindowsNow, asker: Asker): 'go' | 'wait' | 'refuse' {
  switch (move) {
    case 'start':
      // A start exposes nobody: outside the windows it waits at its first raise, where people see it.
      return now === 'frozen' && asker !== 'overriding' ? 'refuse' : 'go'
    case 'raise':
      return now === 'open' || (now === 'frozen' && asker === 'overriding') ? 'go' : 'wait'
    case 'lower':
    case 'roll-back':
    case 'abort':
    case 'reject':
    case 'pause':
    case 'approve':
    case 'resume':
    case 'promote':
    case 'retry':
    case 'extend':
      return 'go'
  }
}
