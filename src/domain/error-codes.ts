/**
 * Every error Sluice shows to a person, by stable code. The docs page `docs/errors/<code>.md`, the HTTP status and the
 * CLI exit code follow from this table; a test compares it with the docs folder.
 *
 * - `status`: HTTP status of the problem+json answer.
 * - `retry`: whether the same call can succeed later without being changed.
 */
export const ERROR_CODES = {
  'plan.invalid': { title: 'The plan has problems', status: 422, retry: 'never' },
  'plan.too-large': { title: 'The plan is too large', status: 413, retry: 'never' },
  'plan.too-deep': { title: 'The plan is nested too deeply', status: 422, retry: 'never' },
  'plan.not-yaml': { title: 'The plan is not readable YAML', status: 422, retry: 'never' },
  'pipeline.invalid': { title: 'The pipeline has problems', status: 422, retry: 'never' },
  'pipeline.unknown': { title: 'No such pipeline', status: 404, retry: 'never' },
  'pipeline.ended': { title: 'The pipeline has ended', status: 409, retry: 'never' },
  'config.invalid': { title: 'sluice.yaml or the environment has problems', status: 500, retry: 'never' },
  'target.unknown': { title: 'No such target', status: 404, retry: 'never' },
  'release.unknown': { title: 'No such release', status: 404, retry: 'never' },
  'release.ended': { title: 'The release has ended', status: 409, retry: 'never' },
  'release.waiting': { title: 'The release waits for its turn', status: 409, retry: 'later' },
  'release.second-life': { title: 'The release was reset in Temporal', status: 409, retry: 'never' },
  'lane.busy': { title: 'The target already has a release', status: 409, retry: 'later' },
  'lane.frozen': { title: 'The target is frozen', status: 423, retry: 'later' },
  'lane.pinned': { title: 'The target is pinned', status: 423, retry: 'later' },
  'lane.vetoed': { title: 'The version was rolled back on this target', status: 409, retry: 'never' },
  'lane.key-reused': { title: 'The idempotency key was used for another request', status: 409, retry: 'never' },
  'command.stale': { title: 'The command was meant for another step or release', status: 409, retry: 'never' },
  'command.refused': { title: 'The command does not fit the state of the release', status: 409, retry: 'never' },
  'command.forbidden': { title: 'This person may not do that', status: 403, retry: 'never' },
  'request.invalid': { title: 'The request is not well-formed', status: 400, retry: 'never' },
  'request.unauthenticated': { title: 'No valid token', status: 401, retry: 'never' },
  'request.unknown-route': { title: 'No such address', status: 404, retry: 'never' },
  'request.too-many': { title: 'Too many requests at once', status: 429, retry: 'later' },
  'request.not-taken': { title: 'The request was not accepted', status: 503, retry: 'later' },
  'request.unsettled': { title: 'It is not known whether the request was accepted', status: 503, retry: 'later' },
  'router.unreachable': { title: 'The router did not answer', status: 502, retry: 'later' },
  'router.refused': { title: 'The router refused the change', status: 502, retry: 'later' },
  'router.not-applied': { title: 'The router does not show the change', status: 502, retry: 'later' },
  'router.fenced': { title: 'A newer release or step owns the router', status: 409, retry: 'never' },
  'router.stale-write': { title: 'The change came too late', status: 409, retry: 'later' },
  'router.unclear-baseline': { title: 'Traffic is already split', status: 409, retry: 'never' },
  'router.misconfigured': { title: 'The router lacks what the target names', status: 502, retry: 'never' },
  'metrics.misconfigured': { title: 'The metric source is misconfigured', status: 502, retry: 'never' },
  'hook.misconfigured': { title: 'A call cannot be carried out as it is set up', status: 502, retry: 'never' },
  'hook.unanswered': { title: 'A call was not answered', status: 502, retry: 'later' },
  'hook.unknown-key': { title: 'No call waits for this answer', status: 409, retry: 'never' },
  'flag.unreachable': { title: 'The flag store did not answer', status: 502, retry: 'later' },
  'flag.refused': { title: 'The flag store refused the change', status: 502, retry: 'later' },
  'flag.fenced': { title: 'A newer release or step owns the flags', status: 409, retry: 'never' },
  'flag.unknown': { title: 'The flag store has no such flag', status: 502, retry: 'never' },
  'flag.misconfigured': { title: 'The flag store lacks what the target names', status: 502, retry: 'never' },
  'temporal.unavailable': { title: 'Temporal cannot be reached', status: 503, retry: 'later' },
  internal: { title: 'A fault in Sluice', status: 500, retry: 'later' },
} as const satisfies Record<string, { title: string; status: number; retry: 'never' | 'later' }>

/** A stable error code, e.g. `lane.busy`. */
export type ErrorCode = keyof typeof ERROR_CODES

/** True when `text` is one of {@link ERROR_CODES}. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERROR_CODES, text)
}
