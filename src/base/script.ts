/**
 * Where the script of a thread lies, by its path in the sources: `scriptUrl('bench/job-worker.js')`. Rooms are bundled together,
 * so no module may say where its neighbour is; this one is a folder below the top in the sources and in the bundle alike.
 */
export function scriptUrl(script: string): URL {
  return new URL(`../${script}`, import.meta.url)
}
