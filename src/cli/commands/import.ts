import { describeError } from '../../domain/errors.ts'
import { writeYaml } from '../../domain/yaml/yaml-text.ts'
import { CliFailure, EXIT, type ExitCode } from '../failure.ts'
import type { ManifestOptions } from '../import-options.ts'
import { convertFiles, leftOut, noteLines, type Vendor } from '../manifests.ts'
import type { Session } from '../session.ts'
import { clean } from '../text.ts'

export interface ImportCommandOptions extends ManifestOptions {
  /** The file that gets the plan. */
  readonly out?: string
}

/** `sluice import`: manifests of another tool as a plan, or as checks of one, with what became of everything else. */
export async function importFiles(
  vendor: Vendor,
  names: readonly string[],
  options: ImportCommandOptions,
  session: Session,
): Promise<ExitCode> {
  const { out } = options
  const { form, notes } = await convertFiles(vendor, names, options, session)
  const said = noteLines(notes).map(clean)
  const yaml = writeYaml(form).trimEnd().split('\n').map(clean)
  const pace = options.faster === undefined ? '' : `, ${options.faster} faster than they say: for a rehearsal`
  const text = [`# from ${names.map(clean).join(', ')}${pace}`, ...said.map((line) => `# ${line}`.trimEnd()), ...yaml]
  const value = { ...form, notes }
  if (out === undefined) session.say(text, value)
  else {
    await session.terminal.writeFile(out, `${text.join('\n')}\n`).catch((error: unknown) => {
      throw new CliFailure(EXIT.usage, `${clean(out)} cannot be written: ${clean(describeError(error))}`)
    })
    session.say([...said, `written: ${clean(out)}`], { ...value, written: out })
  }
  const lost = leftOut(notes).length
  if (lost === 0) return EXIT.ok
  session.hint(`${lost} left out: the plan has nothing in ${lost === 1 ? 'its' : 'their'} place`)
  return EXIT.partly
}
