/**
 * One that passed at a second try still has the messages of the first.
 * @typedef {{ status: string, fullName: string, failureMessages?: readonly string[] }} VitestTest
 */

/**
 * What vitest's JSON reporter writes, as far as it is needed.
 * @typedef {{
 *   success: boolean,
 *   numPassedTests: number,
 *   numFailedTests: number,
 *   numPendingTests: number,
 *   numTodoTests: number,
 *   testResults: readonly { status: string, assertionResults: readonly VitestTest[] }[],
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

/**
 * Tests of real processes that failed and passed when tried again: a race, in the test or in what it tests.
 * @param {VitestResult | null} result
 * @returns {string[]} a sentence each, with what the first try failed with
 */
export function secondTries(result) {
  const tests = (result?.testResults ?? []).flatMap((file) => file.assertionResults)
  return tests.flatMap(({ status, fullName, failureMessages: [first] = [] }) =>
    status === 'passed' && first !== undefined ? [`passed only at the second try: ${fullName}\n  ${first}`] : [],
  )
}

/** @param {VitestResult['testResults'][number]} file */
function isBroken({ status, assertionResults }) {
  return status === 'failed' && !assertionResults.some((test) => test.status === 'failed')
}
