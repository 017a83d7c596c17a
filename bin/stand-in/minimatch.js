/** Stands in for the package in the bundle (bundle.js). A pattern is a plain name. */
export function minimatch(name, pattern) {
  return name === pattern
}
