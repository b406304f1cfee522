/** The version of the package; a test compares it with `package.json`, which is not beside every build. */
export const SLUICE_VERSION = '0.1.0'
