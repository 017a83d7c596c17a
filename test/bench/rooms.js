import path from 'node:path'
import {fileURLToPath, pathToFileURL} from 'node:url'

import {bundleScripts} from '../../bin/bundle.js'

/** Modules of src by their path there, bundled together as the command line is: what a benchmark measures is what people run. */
export async function rooms(...files) {
  const folder = fileURLToPath(new URL('../../node_modules/.cache/flushpoint-bench', import.meta.url))
  const name = `rooms/${path.basename(process.argv[1], '.js')}`
  const from = (file) => JSON.stringify(`./${file.replace(/\.ts$/, '.js')}`)
  await bundleScripts({[name]: files.map((file, i) => `export * as room${i} from ${from(file)}`).join('\n')}, folder)
  const built = await import(pathToFileURL(path.join(folder, `${name}.cjs`)).href)
  return files.map((_, i) => built[`room${i}`])
}
