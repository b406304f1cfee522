// Starts one part of Sluice: `api`, `worker`, or `sluice`, the command line (`docker compose run --rm api sluice …`).
const PARTS = new Map([
  ['api', '../dist/api/main.js'],
  ['worker', '../dist/worker/main.js'],
  ['sluice', '../dist/cli/main.js'],
])

const [part = '', ...args] = process.argv.slice(2)
const file = PARTS.get(part)
if (file === undefined) {
  process.stderr.write(`unknown command "${part}"; expected one of: ${[...PARTS.keys()].join(', ')}\n`)
  process.exit(64)
}
process.argv = [process.execPath, new URL(file, import.meta.url).pathname, ...args]
await import(file)
