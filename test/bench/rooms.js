import {fileURLToPath, pathToFileURL} from 'node:url'
import path from 'node:path'

import {bundle} from '../../bin/bundle.js'

/** Modules of src by their path there, bundled as the command line is: what a benchmark measures is what people run. */
export async function rooms(...files) {
  const folder = fileURLToPath(new URL('../../node_modules/.cache/flushpoint-bench', import.meta.url))
  await bundle(files, folder)
  const built = files.map((file) => path.join(folder, file.replace(/\.ts$/, '.js')))
  return Promise.all(built.map((file) => import(pathToFileURL(file).href)))
}
