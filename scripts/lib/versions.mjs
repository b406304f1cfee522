/**
 * Reads the first `1.2.3` (or `1.2`) of a text such as `temporal version 1.5.1 (Server 1.29.1)`.
 * @param {string} text
 * @returns {readonly [number, number, number] | null} null when there is none
 */
export function parseVersion(text) {
  const match = /(\d+)\.(\d+)(?:\.(\d+))?/.exec(text)
  return match === null ? null : [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)]
}

/**
 * Whether the first version found in `text` is `minimum` or newer; a text without a version never is.
 * @param {string} text
 * @param {string} minimum
 */
export function isAtLeast(text, minimum) {
  const [have, want] = [parseVersion(text), parseVersion(minimum)]
  if (want === null) throw new Error(`"${minimum}" is not a version`)
  if (have === null) return false
  for (const [index, part] of want.entries()) {
    const difference = (have[index] ?? 0) - part
    if (difference !== 0) return difference > 0
  }
  return true
}
