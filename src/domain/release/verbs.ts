/** How a verb looks where people click; absent for what needs more words than a click. */
export interface VerbButton {
  readonly label: string
  readonly style: 'primary' | 'danger' | null
  /** What people are warned of before it is sent, or null where nothing is lost by a slip. */
  readonly warning: string | null
}

export interface VerbRow {
  /** One sentence for people, as an order. */
  readonly does: string
  /** When a release takes it. */
  readonly taken: string
  /** True when it means the step that its sender was looking at; else the release, whatever it does by now. */
  readonly meansStep: boolean
  readonly button: VerbButton | null
}

/** What a person can ask of a release: read by the workflow, every entrance, and the docs. */
export const VERBS = {
  approve: {
    does: 'give one approval to the step that waits for it',
    taken: 'the step waits for an approval; from somebody in its group who has not approved yet',
    meansStep: true,
    button: { label: 'Approve', style: 'primary', warning: null },
  },
  reject: {
    does: 'refuse the approval; the release rolls back',
    taken: 'the step waits for an approval; from somebody in its group',
    meansStep: true,
    button: { label: 'Reject', style: 'danger', warning: 'Rejecting rolls the release back.' },
  },
  pause: {
    does: 'stop the plan; the guard keeps watching',
    taken: 'not paused',
    meansStep: false,
    button: { label: 'Pause', style: null, warning: null },
  },
  resume: {
    does: 'continue where the plan was paused; what had failed is judged again',
    taken: 'paused',
    meansStep: true,
    button: { label: 'Resume', style: 'primary', warning: null },
  },
  promote: {
    does: 'end the current bake now',
    taken: 'a bake runs, no check fails, and the step does not wait for an approval',
    meansStep: true,
    button: null,
  },
  abort: {
    does: 'roll back now; a queued release leaves the queue',
    taken: 'always, until the release has ended',
    meansStep: false,
    button: { label: 'Abort', style: 'danger', warning: 'Aborting rolls the release back at once.' },
  },
  retry: {
    does: 'continue as with resume, and bake the step again',
    taken: 'paused',
    meansStep: true,
    button: null,
  },
  extend: {
    does: 'give the current bake or approval more time',
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
