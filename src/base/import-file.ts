/** Imports a module by its URL. */
export type ImportFile = (url: string) => Promise<Record<string, unknown>>

let way: ImportFile = (url) => import(url) as Promise<Record<string, unknown>>

/** Imports a module that somebody wrote for this tool, by its URL. */
export function importFile(url: string): Promise<Record<string, unknown>> {
  return way(url)
}

/** Says how to import: code that was compiled before cannot do it by itself, who loaded it can (bin/load.js). */
export function importThrough(given: ImportFile): void {
  way = given
}
