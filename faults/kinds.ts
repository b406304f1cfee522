import type { Milliseconds } from '../src/domain/units.ts'

/** Where a fault strikes. `world` kinds hit every release that runs, all others the one release they are scripted for. */
export type FaultGroup = 'world' | 'canary' | 'router' | 'socket' | 'metrics' | 'forged' | 'people'

export interface FaultKind {
  readonly group: FaultGroup
  /** What is done, as a part of a sentence. */
  readonly text: string
  /**
   * From when on a wrong weight has to be right again: from its beginning, from its end where nobody can put the router right
   * while it lasts, or always where it has nothing to do with the router.
   */
  readonly excuses: 'from-beginning' | 'from-end' | 'nothing'
  /** Patience beyond two looks. */
  readonly patience: Milliseconds
}

/** Beyond two looks, where the keeper of the router is alive. */
export const USUAL_PATIENCE: Milliseconds = 2_000
/** Beyond two looks, where another worker has to take over, or Temporal has to come back to its feet. */
const TAKE_OVER: Milliseconds = 5_000
/** The lane looks after the router itself within about ten seconds. */
export const LANE_PATIENCE: Milliseconds = 12_000

type KindOf<Group extends FaultGroup> = FaultKind & { readonly group: Group }

/** Nothing that touches the router. */
function harmless<Group extends FaultGroup>(group: Group, text: string): KindOf<Group> {
  return { group, text, excuses: 'nothing', patience: 0 }
}

/** Somebody can put the router right from the beginning on. */
function brief<Group extends FaultGroup>(group: Group, text: string, patience = USUAL_PATIENCE): KindOf<Group> {
  return { group, text, excuses: 'from-beginning', patience }
}

/** Nobody can put the router right while it lasts. */
function total<Group extends FaultGroup>(group: Group, text: string, patience = USUAL_PATIENCE): KindOf<Group> {
  return { group, text, excuses: 'from-end', patience }
}

export const FAULT_KINDS = {
  'worker-killed': brief('world', 'SIGKILL of one of two workers, started again later', TAKE_OVER),
  'worker-frozen': brief('world', 'SIGSTOP of one of two workers, SIGCONT later', TAKE_OVER),
  'workers-killed': total('world', 'SIGKILL of both workers, started again later', TAKE_OVER),
  'workers-frozen': total('world', 'SIGSTOP of both workers, SIGCONT later', TAKE_OVER),
  'api-killed': harmless('world', 'SIGKILL of the API, started again later'),
  'temporal-killed': total('world', 'SIGKILL of Temporal, started again on the same file', TAKE_OVER),
  'haproxy-frozen': total('world', 'SIGSTOP of HAProxy for 1 to 20 s'),
  'haproxy-reloaded': total('world', 'reload of HAProxy: the maps are those of the files again'),
  'haproxy-reloaded-kept': total('world', 'reload of HAProxy by an operator who saves the maps before'),
  'haproxy-restarted': total(
    'world',
    'SIGKILL of HAProxy, started again with the maps of the files, saved before or not',
  ),
  'prometheus-killed': harmless('world', 'SIGKILL of Prometheus, started again later'),
  'prometheus-frozen': harmless('world', 'SIGSTOP of Prometheus, SIGCONT later'),
  'prometheus-emptied': harmless('world', 'SIGKILL of Prometheus, started again without its data'),

  'canary-fails-30': harmless('canary', 'the canary fails 30% of its requests'),
  'canary-fails-60': harmless('canary', 'the canary fails 60% of its requests'),
  'canary-hangs': harmless('canary', 'the canary takes requests and never answers'),
  'canary-frozen': harmless('canary', 'SIGSTOP of the canary'),
  'canary-refuses': harmless('canary', 'the canary refuses connections'),
  'canary-dies-at-step': harmless('canary', 'SIGKILL of the canary while it has a part of the traffic'),
  'canary-dies-at-full': harmless('canary', 'SIGKILL of the canary while it has all of the traffic'),
  'canary-fails-at-full': harmless('canary', 'the canary fails 60% of its requests while it has all of the traffic'),

  'hand-once': brief('router', 'another hand sets the share once'),
  'hand-again': total('router', 'another hand sets the share every 400 ms for a while'),
  'hand-after-end': brief('router', 'another hand sets the share after the end of the release'),
  'fence-foreign': brief('router', 'another hand sets the share and writes a newer fence'),
  'key-lost': brief('router', 'the key of the share is deleted from the map'),
  'key-lost-after-end': brief('router', 'the key of the share is deleted after the end of the release'),
  'map-cleared': brief('router', 'the map is cleared'),

  'socket-slow': total('socket', 'answers of the runtime API come 0.3 to 3 s late'),
  'socket-silent': total('socket', 'commands to the runtime API get lost, the connection stays open'),
  'socket-cut': total('socket', 'commands are carried out, then the connection is cut'),
  'socket-late': total('socket', 'commands are held, their sender gives up, and then they are carried out'),

  'metrics-hang': harmless('metrics', 'the metric source takes requests and never answers'),
  'metrics-garbage': harmless('metrics', 'the metric source answers with garbage'),
  'metrics-500': harmless('metrics', 'the metric source answers with status 500'),
  'metrics-empty': harmless('metrics', 'the metric source answers with nothing in it'),

  'forged-approval': harmless('forged', 'update `pause` that carries the verb `approve`, by the author'),
  'forged-update': harmless('forged', 'malformed updates: `null`, no actor, numbers for text, text for numbers'),
  'forged-signal': harmless('forged', 'malformed and unknown signals to release and lane, `null` among them'),
  'forged-flood': harmless('forged', '300 signals at once'),
  'forged-end': harmless('forged', 'the lane is told that the release has ended, and another one is requested'),
  terminated: brief('forged', 'the release is terminated in Temporal'),
  cancelled: harmless('forged', 'the release is cancelled in Temporal'),
  reset: brief('forged', 'the release is reset to an earlier event in Temporal', LANE_PATIENCE),
  'lane-terminated': brief('forged', 'the lane is terminated in Temporal', LANE_PATIENCE),

  abort: harmless('people', 'abort'),
  'pause-resume': harmless('people', 'pause, and resume later'),
  'pause-held': harmless('people', 'pause, and nobody says more'),
  retry: harmless('people', 'pause, and retry later'),
  promote: harmless('people', 'promote: the bake ends at once'),
  extend: harmless('people', 'extend'),
  'approve-foreign': harmless('people', 'the author and a stranger approve'),
  replace: harmless('people', 'another release replaces this one'),
  queue: harmless('people', 'another release waits for this one'),
} as const satisfies Record<string, FaultKind>

export type FaultName = keyof typeof FAULT_KINDS

/** The kinds of one group. */
export type NameIn<Group extends FaultGroup> = {
  [Name in FaultName]: (typeof FAULT_KINDS)[Name]['group'] extends Group ? Name : never
}[FaultName]

export const FAULT_NAMES = Object.keys(FAULT_KINDS) as readonly FaultName[]

export function isFaultName(text: string): text is FaultName {
  return Object.hasOwn(FAULT_KINDS, text)
}

export function isIn<Group extends FaultGroup>(name: FaultName, group: Group): name is NameIn<Group> {
  return FAULT_KINDS[name].group === group
}

export function namesIn<Group extends FaultGroup>(group: Group): readonly NameIn<Group>[] {
  return FAULT_NAMES.filter((name) => isIn(name, group))
}
