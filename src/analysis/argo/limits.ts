import type { ArgoCheck } from './argo-judge.ts'

/** The limits of a metric that depend on each other. */
export type Limits = Pick<
  ArgoCheck,
  'count' | 'failureLimit' | 'consecutiveSuccessLimit' | 'inconclusiveLimit' | 'interval'
>

/** What Argo Rollouts refuses about the limits of a metric together, each as a sentence. */
export function* limitProblems(limits: Limits): Generator<string> {
  const { count, failureLimit, consecutiveSuccessLimit, inconclusiveLimit, interval } = limits
  if (failureLimit === -1 && consecutiveSuccessLimit === 0)
    yield 'failureLimit and consecutiveSuccessLimit cannot both be switched off'
  if (count === null || count === 0) return
  if (failureLimit >= 0 && count < failureLimit + consecutiveSuccessLimit) {
    yield `count ${count} must be at least failureLimit ${failureLimit} + consecutiveSuccessLimit ${consecutiveSuccessLimit}`
  }
  if (count < inconclusiveLimit) yield `count ${count} must be at least inconclusiveLimit ${inconclusiveLimit}`
  if (count > 1 && interval === null) yield `count ${count} needs an interval`
}
