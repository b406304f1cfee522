import type { SENDERS, VerbButton } from '../release/verbs.ts'

interface PipelineVerbRow {
  /** One sentence for people, as an order. */
  readonly does: string
  /** When it is taken, in words for people. */
  readonly taken: string
  /** True when it means one stage; else the pipeline. */
  readonly meansStage: boolean
  readonly by: keyof typeof SENDERS
  readonly button: VerbButton
}

/** What a person can ask of a pipeline: read by the workflow, every entrance, and the docs. */
export const PIPELINE_VERBS = {
  approve: {
    does: 'give one approval to the stage that waits for it',
    taken: 'the stage waits for an approval',
    meansStage: true,
    by: 'approver',
    button: { label: 'Approve', style: 'primary', warning: null },
  },
  reject: {
    does: 'refuse the approval; the stage counts as failed',
    taken: 'the stage waits for an approval',
    meansStage: true,
    by: 'group',
    button: { label: 'Reject', style: 'danger', warning: 'The stage counts as failed.' },
  },
  pause: {
    does: 'begin no further stage, and pause the releases that run',
    taken: 'not paused, and not given up',
    meansStage: false,
    by: 'everyone',
    button: { label: 'Pause', style: null, warning: null },
  },
  resume: {
    does: 'go on; a stage that has failed is tried again',
    taken: 'paused',
    meansStage: false,
    by: 'everyone',
    button: { label: 'Resume', style: 'primary', warning: null },
  },
  abort: {
    does: 'take the version back everywhere, the last stage first',
    taken: 'always, until the pipeline has ended',
    meansStage: false,
    by: 'everyone',
    button: { label: 'Abort', style: 'danger', warning: 'The version is taken back on every target.' },
  },
} as const satisfies Readonly<Record<string, PipelineVerbRow>>

export type PipelineVerb = keyof typeof PIPELINE_VERBS

/** In the order in which people are shown them. */
export const PIPELINE_VERB_NAMES = Object.keys(PIPELINE_VERBS) as [PipelineVerb, ...PipelineVerb[]]
