/** What a manifest does not say and a plan has to. */
export interface ImportOptions {
  readonly environment: string
  /** Name of the service; the manifest's own when absent. */
  readonly service?: string
  /** The metric source that checks ask; an address or credentials of a manifest are never taken over. */
  readonly source: string
  /** Values of arguments, which go before those of the manifest. */
  readonly args: Readonly<Record<string, string>>
  /** The group whose people let a release go on where the manifest waits for somebody. */
  readonly approvers?: string
  /** The cohort that sees the new version before everybody: what a preview service is for. */
  readonly preview?: string
  /** The cohort of sluice.yaml that stands for a route of the manifest, by the route's name. */
  readonly cohorts: Readonly<Record<string, string>>
  /** True where the target's router can send copies: then mirroring is a step of the plan. */
  readonly mirror?: boolean
  /** Every duration is divided by this, for a rehearsal; 1 changes nothing. */
  readonly faster: number
}

export const USUAL_OPTIONS: ImportOptions = {
  environment: 'production',
  source: 'prometheus',
  args: {},
  cohorts: {},
  faster: 1,
}
