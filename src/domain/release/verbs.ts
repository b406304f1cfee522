/** How a verb looks where people click; absent for what needs more words than a click. */
export interface VerbButton {
  readonly label: string
  readonly style: 'primary' | 'danger' | null
  /** What people are warned of before it is sent, or null where nothing is lost by a slip. */
  readonly warning: string | null
}

/** Who may send a verb, in words for people. */
export const SENDERS = {
  everyone: 'everybody who may act',
  group: 'the group that is asked',
  approver: 'the group that is asked, each once, and not the author where the plan says so',
} as const

/** In which state of a release a verb is taken. None but `always` is while it rolls back. */
type VerbMoment = 'always' | 'approval' | 'unpaused' | 'paused' | 'bake' | 'deadline'

interface VerbRow {
  /** One sentence for people, as an order. */
  readonly does: string
  readonly when: VerbMoment
  /** The same in words for people. */
  readonly taken: string
  /** True when it means the step that its sender was looking at; else the release, whatever it does by now. */
  readonly meansStep: boolean
  readonly by: keyof typeof SENDERS
  readonly button: VerbButton | null
}

/** What a person can ask of a release: read by the workflow, every entrance, and the docs. */
export const VERBS = {
  approve: {
    does: 'give one approval to the step that waits for it',
    when: 'approval',
    by: 'approver',
    taken: 'the step waits for an approval',
    meansStep: true,
    button: { label: 'Approve', style: 'primary', warning: null },
  },
  reject: {
    does: 'refuse the approval; the release rolls back',
    when: 'approval',
    by: 'group',
    taken: 'the step waits for an approval',
    meansStep: true,
    button: { label: 'Reject', style: 'danger', warning: 'Rejecting rolls the release back.' },
  },
  pause: {
    does: 'stop the plan; the guard keeps watching',
    when: 'unpaused',
    by: 'everyone',
    taken: 'not paused',
    meansStep: false,
    button: { label: 'Pause', style: null, warning: null },
  },
  resume: {
    does: 'continue where the plan was paused; what had failed is judged again',
    when: 'paused',
    by: 'everyone',
    taken: 'paused',
    meansStep: true,
    button: { label: 'Resume', style: 'primary', warning: null },
  },
  promote: {
    does: 'end the current bake now',
    when: 'bake',
    by: 'everyone',
    taken: 'a bake runs, no check fails, and the step does not wait for an approval',
    meansStep: true,
    button: null,
  },
  abort: {
    does: 'roll back now; a queued release leaves the queue',
    when: 'always',
    by: 'everyone',
    taken: 'always, until the release has ended',
    meansStep: false,
    button: { label: 'Abort', style: 'danger', warning: 'Aborting rolls the release back at once.' },
  },
  retry: {
    does: 'continue as with resume, and bake the step again',
    when: 'paused',
    by: 'everyone',
    taken: 'paused',
    meansStep: true,
    button: null,
  },
  extend: {
    does: 'give the current bake or approval more time',
    when: 'deadline',
    by: 'everyone',
    taken: 'a bake or an approval runs',
    meansStep: true,
    button: null,
  },
} as const satisfies Readonly<Record<string, VerbRow>>

/** What a person asks of a release. */
export type CommandVerb = keyof typeof VERBS

/** In the order in which people are shown them. */
export const COMMAND_VERBS = Object.keys(VERBS) as [CommandVerb, ...CommandVerb[]]

/** The verbs that people can click. */
export type ButtonVerb = {
  [Verb in CommandVerb]: (typeof VERBS)[Verb]['button'] extends null ? never : Verb
}[CommandVerb]

export const BUTTON_VERBS = COMMAND_VERBS.filter((verb): verb is ButtonVerb => VERBS[verb].button !== null)
