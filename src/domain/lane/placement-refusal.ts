import type { ErrorCode } from '../error-codes.ts'
import { releaseName, type TargetId } from '../target.ts'
import { LONGEST_QUEUE, type Placement } from './lane-queue.ts'
import { pinText, vetoText } from './lane-view.ts'

/** A no to a request for a release, with what helps. */
interface PlacementRefusal {
  readonly code: ErrorCode
  readonly message: string
  readonly fix: string
  /** The release that has the target; absent where none is in the way. */
  readonly releaseId?: string
}

/** Why a lane does not take a request for a release, or null when it does. `wayBack` is the target that could return to the version before. */
export function placementRefusal(placement: Placement, wayBack: TargetId | null = null): PlacementRefusal | null {
  const back = wayBack === null ? '' : `; sluice back ${wayBack.service} ${wayBack.environment} returns all the same`
  switch (placement.kind) {
    case 'busy': {
      const { releaseId } = placement
      const fix = 'wait for it, abort it, or start with queue or replace'
      return { code: 'lane.busy', message: `${releaseName(releaseId)} is running on this target`, fix, releaseId }
    }
    case 'full': {
      const fix = `withdraw some of them with sluice abort; at most ${LONGEST_QUEUE} wait`
      return { code: 'lane.busy', message: `${placement.waiting} releases already wait on this target`, fix }
    }
    case 'frozen': {
      const fix = `wait, or ask them to end the freeze${back}`
      return { code: 'lane.frozen', message: `frozen by ${placement.by}: ${placement.reason}`, fix }
    }
    case 'pinned': {
      const fix = `wait, or ask them; everybody who may act can lift it with sluice unpin${back}`
      return { code: 'lane.pinned', message: `this target is pinned ${pinText(placement.pin)}`, fix }
    }
    case 'vetoed': {
      const { veto } = placement
      const when = new Date(veto.at).toISOString().replace(/:\d\d\.\d+Z$/, 'Z')
      const fix = 'release a version that is repaired; everybody who may act can lift it with sluice allow and a reason'
      return { code: 'lane.vetoed', message: `${vetoText(veto)} (${when})`, fix }
    }
    case 'key-reused': {
      const message = `this key was used for ${releaseName(placement.releaseId)} with another plan or version`
      return { code: 'lane.key-reused', message, fix: 'use a new key' }
    }
    case 'repeat':
    case 'start':
    case 'queue':
    case 'replace':
      return null
  }
}
