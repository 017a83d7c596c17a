/**
 * Method: looks at an image and its host without changing a byte, and turns what it finds into documents. Read-only by type:
 * nothing here gets an image opened for writing.
 *
 * @module
 */
export {mapExtents} from './extent-map.js'
export {hostDocument} from './host-document.js'
export {mapDocument} from './map-document.js'
export {openTarget, type Target} from './target.js'
export {markZeroes} from './zero-scan.js'
