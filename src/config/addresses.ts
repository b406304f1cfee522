import { isRecord } from '../domain/json.ts'
import type { Problem, ProblemPath } from '../domain/problems.ts'

/** `user:password@host`, with a scheme or without one. */
const USER = /^(?:[a-z][a-z0-9+.-]*:\/\/[^/?#\s]*@|[^/?#\s@]+:[^/?#\s@]+@)/i
/** A query whose name says that its value is nobody's business. */
const SECRET_QUERY =
  /[?&;](?:[^=&;#\s]*(?:token|secret|passw|pwd|api[_-]?key|access[_-]?key|authorization|credential|signature)[^=&;#\s]*|auth|key|sig)=/i

/**
 * Reports every address among these options that carries a password or a token: `sluice.yaml` is read by many and shown in
 * messages. Answers with the places, so that nothing else shows what stands there.
 */
export function reportSecrets(
  options: unknown,
  path: ProblemPath,
  report: (problem: Problem) => void,
): readonly ProblemPath[] {
  if (typeof options === 'string') return isSecret(options) ? [reported(options, path, report)] : []
  const children = Array.isArray(options) ? [...options.entries()] : isRecord(options) ? Object.entries(options) : []
  return children.flatMap(([key, child]) => reportSecrets(child, [...path, key], report))
}

function isSecret(text: string): boolean {
  return USER.test(text) || SECRET_QUERY.test(text)
}

function reported(text: string, path: ProblemPath, report: (problem: Problem) => void): ProblemPath {
  report({
    rule: 'secret-in-address',
    path,
    message:
      'this address carries a password or a token, and everybody who sees this file or an error message can read it',
    received: withoutSecret(text),
    expected: 'an address without a user, a password or a token',
    fix: 'put the secret into an environment variable, and name it here: bearer: { env: NAME } or basic: { user, password: { env: NAME } }, where the kind supports it',
  })
  return path
}

/** What is left of an address when all that may be a secret is gone. */
function withoutSecret(text: string): string {
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(text)?.[0] ?? ''
  const rest = text.slice(scheme.length).replace(/^[^/?#\s]*@/, '***@')
  return `${scheme}${rest.replace(/[?#].*$/s, '?***')}`
}
