/**
 * Writes oclif.manifest.json from the commands in dist: with it the command line starts without importing every command.
 * `--print` writes it to standard output instead, for the test that keeps the committed file fresh.
 */
import {Plugin} from '@oclif/core'
import {writeFileSync} from 'node:fs'
import {fileURLToPath} from 'node:url'

process.env.NODE_ENV ??= 'production' // oclif looks for TypeScript sources in any other environment

process.stdout.setMaxListeners(0) // each bundle listens for itself

const plugin = new Plugin({
  errorOnManifestCreate: true,
  ignoreManifest: true,
  respectNoCacheDefault: true,
  root: fileURLToPath(new URL('..', import.meta.url)),
  type: 'core',
})
await plugin.load()
if (!plugin.valid) throw new Error('package.json does not describe an oclif plugin')

// As folders are read otherwise, which is in no order on some file systems.
const place = (id) => `${id.split(':').length} ${id}`
const commands = Object.entries(plugin.manifest.commands).sort(([a], [b]) => (place(a) < place(b) ? -1 : 1))
const text = `${JSON.stringify({...plugin.manifest, commands: Object.fromEntries(commands)}, null, 2)}\n`
if (process.argv.includes('--print')) process.stdout.write(text)
else writeFileSync(new URL('../oclif.manifest.json', import.meta.url), text)
