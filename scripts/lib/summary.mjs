/**
 * What vitest's JSON reporter writes, as far as it is needed.
 * @typedef {{
 *   success: boolean,
 *   numPassedTests: number,
 *   numFailedTests: number,
 *   numPendingTests: number,
 *   numTodoTests: number,
 *   testResults: readonly { status: string, assertionResults: readonly { status: string }[] }[],
 * }} VitestResult
 */

/**
 * The last line of a test run, and its exit status. A file that does not load counts as one failure, as does whatever else made
 * vitest fail although no test did; a run without a test is a failure.
 * @param {VitestResult | null} result null when vitest wrote none
 * @param {number | null} exitCode of vitest
 * @returns {{ line: string, exitCode: number }}
 */
export function summarize(result, exitCode) {
  const passed = result?.numPassedTests ?? 0
  const skipped = (result?.numPendingTests ?? 0) + (result?.numTodoTests ?? 0)
  const brokenFiles = (result?.testResults ?? []).filter(isBroken).length
  const counted = (result?.numFailedTests ?? 0) + brokenFiles
  const wrong = result === null || exitCode !== 0
  const failed = counted === 0 && wrong ? 1 : counted
  const line = `${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`
  return { line, exitCode: failed > 0 || passed === 0 ? 1 : 0 }
}

/** @param {VitestResult['testResults'][number]} file */
function isBroken({ status, assertionResults }) {
  return status === 'failed' && !assertionResults.some((test) => test.status === 'failed')
}
