import {readdir} from 'node:fs/promises'

/**
 * Stands in for the package in the bundle (bundle.js). Whatever the patterns, all scripts below the folder are commands: ours, and those
 * of plugins, which are modules.
 */
export async function glob(_patterns, {cwd}) {
  const files = await readdir(cwd, {recursive: true})
  return files.filter((file) => /\.c?js$/.test(file))
}
