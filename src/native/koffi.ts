/** The koffi module as we use it. */
export type Koffi = typeof import('koffi')

let loading: Promise<{ok: true; koffi: Koffi} | {ok: false; reason: string}> | undefined

/**
 * Loads koffi once (10 ms, so only when something native is wanted). Never throws: an optional dependency may be missing, and
 * only Linux on x64 and arm64 (both little-endian) has the calls and structures we know. FLUSHPOINT_NO_NATIVE=1 pretends that
 * koffi is missing, to try the portable paths.
 */
export function loadKoffi(): Promise<{ok: true; koffi: Koffi} | {ok: false; reason: string}> {
  loading ??= importKoffi()
  return loading
}

async function importKoffi(): Promise<{ok: true; koffi: Koffi} | {ok: false; reason: string}> {
  if (process.env['FLUSHPOINT_NO_NATIVE'] === '1') return {ok: false, reason: 'FLUSHPOINT_NO_NATIVE=1 is set'}
  if (process.platform !== 'linux') return {ok: false, reason: `native calls need Linux, this is ${process.platform}`}
  if (process.arch !== 'x64' && process.arch !== 'arm64') {
    return {ok: false, reason: `native calls need x64 or arm64, this is ${process.arch}`}
  }
  try {
    const module: unknown = await import('koffi')
    return {ok: true, koffi: ((module as {default?: unknown}).default ?? module) as Koffi}
  } catch (error) {
    return {ok: false, reason: `the optional package koffi could not be loaded (${(error as Error).message})`}
  }
}
