import {readdir} from 'node:fs/promises'

/** Stands in for the package in the bundle (bundle.js). Whatever the patterns, every script (and module, of a plugin) below the folder is a command. */
export async function glob(_patterns, {cwd}) {
  const files = await readdir(cwd, {recursive: true})
  return files.filter((file) => /\.c?js$/.test(file))
}
